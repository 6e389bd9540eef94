"""A chat under load follows what another process syncs: no error, nothing that has gone, everything that is new."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.living import Asked, Followed, Worn, follow, percentile, table, wear, worn_table


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_eight_clients_during_twenty_syncs(tmp_path: Path, cache_folder: Path) -> None:
    followed = follow(tmp_path, cache_folder, syncs=20, idle_s=2)
    assert followed.syncs == 20
    assert followed.errors() == []
    assert followed.stale() == []
    assert followed.new == 80
    assert followed.missed == []
    answered = [each for each in followed.busy if each.cited]
    assert len(answered) > 50


def test_what_counts_as_stale() -> None:
    followed = Followed(removed={"gone": 10.0})
    followed.busy = [Asked(11.9, 12.0, (("gone", "…"),)), Asked(12.1, 12.5, (("gone", "…"), ("here", "…")))]
    assert followed.stale() == ["gone"]
    followed.idle = [Asked(0.0, 0.5), Asked(0.0, 0.1, error="OSError()")]
    assert followed.errors() == ["OSError()"]
    assert percentile([1, 2, 3, 4], 0.95) == 4
    assert "| errors | 1 | 0 |" in table(followed)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_library_after_many_syncs_finds_the_same_in_as_little_space(tmp_path: Path, cache_folder: Path) -> None:
    found = wear(tmp_path, cache_folder, articles=100, syncs=30, searches=60)
    assert found.differing == 0
    assert found.worn_bytes <= 1.5 * found.fresh_bytes
    assert len(found.worn_ms) == len(found.fresh_ms) == 60


def test_the_table_of_a_worn_library() -> None:
    assert "| search p50 | 10.0 ms | 11.0 ms | 1.10 |" in worn_table(Worn([11.0], [10.0], 15, 10))
