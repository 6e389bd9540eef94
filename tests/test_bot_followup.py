"""Follow-up questions made whole: what people type after a first question, and what must stay as it is.

Expected questions were written down before the rules. A row is (earlier questions, follow-up, expected); earlier
questions are divided by " | ".
"""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.followup import resolve
from bot.grammar.conversation import MAX_CONTEXT_CHARS
from bot.grammar.suffixes import ending
from bot.phrases import NOT_FOUND
from index.language import detect_question_language

MEET_TR = "Putin ve Zelenskyy nerede buluşabilir?"
MEET_EN = "Where might Putin and Zelenskyy meet?"
PLAN_TR = "ABD barış planını ne zaman sundu?"
PLAN_EN = "When did the US submit the peace plan?"
WHO_TR = "Barış planını kim sundu?"
WHO_EN = "Who submitted the peace plan?"
ENVOYS_EN = "Where did the US and Russian envoys meet?"
ENVOYS_TR = "ABD ve Rusya temsilcileri nerede buluştu?"

QUESTION_WORDS_TR = [
    (MEET_TR, "Ne zaman?", "Putin ve Zelenskyy ne zaman buluşabilir?"),
    (MEET_TR, "peki ne zaman", "Putin ve Zelenskyy ne zaman buluşabilir?"),
    (MEET_TR, "Peki ne zaman olacak?", "Putin ve Zelenskyy ne zaman buluşabilir?"),
    (MEET_TR, "tamam da ne zaman", "Putin ve Zelenskyy ne zaman buluşabilir?"),
    (MEET_TR, "ne zaman acaba?", "Putin ve Zelenskyy ne zaman buluşabilir?"),
    (MEET_TR, "NE ZAMAN", "Putin ve Zelenskyy ne zaman buluşabilir?"),
    (MEET_TR, "bu ne zamandı", "Putin ve Zelenskyy ne zaman buluşabilir?"),
    (MEET_TR, "hangi şehirde?", "Putin ve Zelenskyy hangi şehirde buluşabilir?"),
    (MEET_TR, "Neden?", "Putin ve Zelenskyy neden buluşabilir?"),
    (MEET_TR, "niye ki", "Putin ve Zelenskyy niye buluşabilir?"),
    (MEET_TR, "nasil?", "Putin ve Zelenskyy nasıl buluşabilir?"),
    ("putin ve zelenskyy nerede bulusabilir", "ne zaman", "putin ve zelenskyy ne zaman bulusabilir"),
    ("putin ve zelenskyy nerede bulusabilir", "nasıl", "putin ve zelenskyy nasil bulusabilir"),
    (WHO_TR, "Ne zaman?", "Barış planını ne zaman sundu?"),
    ("baris planini kim sundu", "peki neden", "baris planini neden sundu"),
    (PLAN_TR, "Kim?", "ABD barış planını sundu: kim?"),
    ("Barış planını ne zaman sundu?", "Kim?", "Barış planını kim sundu?"),
    ("Barış planı ne zaman sunuldu?", "kim?", "Barış planı kim tarafından sunuldu?"),
    ("Enflasyon ne kadar arttı?", "neden?", "Enflasyon neden arttı?"),
    ("Rusya ne dedi?", "ne zaman?", "Rusya ne zaman dedi?"),
    ("Kaç asker öldü?", "nerede?", "Askerler nerede öldü?"),
    ("Hangi ülkeler katıldı?", "ne zaman", "Ülkeler ne zaman katıldı?"),
    ("Hangi şehirde buluştular?", "ne zaman", "Ne zaman buluştular?"),
    ("Tokayev girişimleri destekliyor mu?", "Neden?", "Tokayev girişimleri neden destekliyor?"),
    ("Bakan istifa etti mi?", "neden", "Bakan neden istifa etti?"),
    ("Toplantı ne zamandı?", "nerede?", "Toplantı neredeydi?"),
    ("asgari ücret", "ne zaman?", "asgari ücret ne zaman?"),
    (MEET_TR, "ne zaman biliyor musun", "Putin ve Zelenskyy ne zaman buluşabilir?"),
]

QUESTION_WORDS_EN = [
    (MEET_EN, "When?", "When might Putin and Zelenskyy meet?"),
    (MEET_EN, "And when?", "When might Putin and Zelenskyy meet?"),
    (MEET_EN, "ok but when", "When might Putin and Zelenskyy meet?"),
    (MEET_EN, "why", "Why might Putin and Zelenskyy meet?"),
    (MEET_EN, "when exactly?", "When exactly might Putin and Zelenskyy meet?"),
    (MEET_EN, "And when will that be?", "When might Putin and Zelenskyy meet?"),
    (MEET_EN, "Which city?", "In which city might Putin and Zelenskyy meet?"),
    (MEET_EN, "do you know when?", "When might Putin and Zelenskyy meet?"),
    ("where might putin and zelensky meet", "and when", "when might putin and zelensky meet"),
    (ENVOYS_EN, "And when was that?", "When did the US and Russian envoys meet?"),
    (PLAN_EN, "and where?", "Where did the US submit the peace plan?"),
    (PLAN_EN, "to whom?", "To whom did the US submit the peace plan?"),
    (PLAN_EN, "who?", "The US submit the peace plan: who?"),
    (WHO_EN, "When?", "When was the peace plan submitted?"),
    ("Who won the election in Moldova?", "when?", "When was the election won in Moldova?"),
    ("When was the plan signed?", "by whom?", "By whom was the plan signed?"),
    ("What did Russia say?", "when?", "When did Russia say it?"),
    ("What happened in Moscow?", "when", "When did it happen in Moscow?"),
    ("How many people were displaced?", "Why?", "Why were people displaced?"),
    ("How many people died?", "where?", "People died: where?"),
    ("Did Russia accept the plan?", "why?", "Why did Russia accept the plan?"),
    ("Who's the president of France?", "since when?", "The president of France: since when?"),
    ("How much did prices rise?", "why is that", "Why did prices rise?"),
    ("peace plan", "when?", "peace plan when?"),
]

TOPICS_TR = [
    ("Rusya ne dedi?", "Peki ya Ukrayna?", "Ukrayna ne dedi?"),
    ("Rusya ne dedi?", "ya Kazakistan", "Kazakistan ne dedi?"),
    ("Rusya ne dedi?", "ABD?", "ABD ne dedi?"),
    ("Rusya ne dedi?", "ukrayna peki?", "Ukrayna ne dedi?"),
    ("rusya ne dedi", "peki ukrayna", "ukrayna ne dedi"),
    ("tokayev ne dedi", "ya putin", "putin ne dedi"),
    ("Rusya ne dedi?", "ya muhalefet?", "Muhalefet ne dedi?"),
    ("Rusya ve Ukrayna ne dedi?", "Peki ABD?", "ABD ne dedi?"),
    ("Putin'in teklifi neydi?", "ya Zelenskyy?", "Zelenskyy'nin teklifi neydi?"),
    ("Putin'in teklifi neydi?", "ya Trump", "Trump'ın teklifi neydi?"),
    ("Putin'in teklifi neydi?", "peki ya Avrupa?", "Avrupa'nın teklifi neydi?"),
    ("Putin'in teklifi neydi?", "peki ya ABD?", "ABD'nin teklifi neydi?"),
    ("Putin'in teklifi neydi?", "peki ya NATO?", "NATO'nun teklifi neydi?"),
    ("rusyanin teklifi neydi", "ya ukrayna", "ukraynanin teklifi neydi"),
    ("Zelenskyy Moskova'ya neden gitmedi?", "Peki ya Kazakistan?", "Zelenskyy Kazakistan'a neden gitmedi?"),
    ("Zelenskyy Moskova'ya neden gitmedi?", "ya Putin?", "Putin Moskova'ya neden gitmedi?"),
    ("Ukrayna'yı kim destekliyor?", "ya Rusya?", "Rusya'yı kim destekliyor?"),
    ("Rusya'nın başkanı kim?", "Fransa?", "Fransa'nın başkanı kim?"),
    ("Trump Putin'le ne konuştu?", "ya Tokayev'le?", "Trump Tokayev'le ne konuştu?"),
    ("Türkiye'de enflasyon ne kadar?", "Almanya'da?", "Almanya'da enflasyon ne kadar?"),
    ("Enflasyon ne kadar?", "Peki Almanya'da?", "Enflasyon Almanya'da ne kadar?"),
    ("Enflasyon ne kadar?", "peki ya işsizlik?", "İşsizlik ne kadar?"),
    ("Asgari ücret ne kadar?", "ya emekli maaşı?", "Emekli maaşı ne kadar?"),
    ("Enflasyon ne kadar?", "Peki ya Almanya?", "Almanya? Enflasyon ne kadar?"),
    ("2025'te enflasyon ne kadardı?", "peki 2024'te?", "2024'te enflasyon ne kadardı?"),
    ("Enflasyon ne kadardı?", "geçen yıl?", "Enflasyon geçen yıl ne kadardı?"),
    (MEET_TR, "Peki ya Moskova?", "Moskova? Putin ve Zelenskyy nerede buluşabilir?"),
    (MEET_TR, "moskova mı?", "Moskova? Putin ve Zelenskyy nerede buluşabilir?"),
    (ENVOYS_TR, "ya Miami?", "Miami? ABD ve Rusya temsilcileri nerede buluştu?"),
    ("Putin ve Zelenskyy ne zaman buluşabilir?", "peki Trump?", "Trump? Putin ve Zelenskyy ne zaman buluşabilir?"),
    (WHO_TR, "Peki ya Rusya?", "Rusya? Barış planını kim sundu?"),
    (WHO_TR, "peki ateşkes teklifi?", "Ateşkes teklifi? Barış planını kim sundu?"),
    ("Putin nerede?", "ya Zelenskyy?", "Zelenskyy nerede?"),
    ("Rusya ne dedi?", "Peki Ukrayna hakkında?", "Rusya Ukrayna hakkında ne dedi?"),
    ("İzmir'de ne oldu?", "Peki Ankara?", "Ankara'da ne oldu?"),
    ("İzmir'de ne oldu?", "peki ankara", "Ankara'da ne oldu?"),
    ("İzmir'de ne oldu?", "Peki okullar?", "Okullar? İzmir'de ne oldu?"),
    ("İzmir'in nüfusu kaç?", "peki okullar?", "Okullar? İzmir'in nüfusu kaç?"),
    ("Ankara'da neden kar yağdı?", "peki okullar?", "Okullar? Ankara'da neden kar yağdı?"),
    ("Leeds'te tramvay ne zaman açıldı?", "Peki bilet?", "Bilet? Leeds'te tramvay ne zaman açıldı?"),
    ("Trump Leeds'te ne konuştu?", "peki zelenski?", "Zelenski Leeds'te ne konuştu?"),
]

TOPICS_EN = [
    ("What did Russia say?", "And Ukraine?", "What did Ukraine say?"),
    ("What did Russia say?", "what about the US?", "What did the US say?"),
    ("What did Russia say?", "How about Ukraine", "What did Ukraine say?"),
    ("What did the US say?", "and Russia?", "What did Russia say?"),
    ("what did russia say", "and ukraine", "what did ukraine say"),
    ("what did tokayev say", "what about putin", "what did putin say"),
    ("What is Russia's position?", "And Ukraine's?", "What is Ukraine's position?"),
    ("What is Russia's position?", "and Ukraine", "What is Ukraine's position?"),
    ("Who is the president of France?", "And Germany?", "Who is the president of Germany?"),
    ("What is the inflation rate in Turkey?", "and in Germany?", "What is the inflation rate in Germany?"),
    ("What is the inflation rate?", "And in Germany?", "What is the inflation rate in Germany?"),
    ("What was the inflation rate in 2025?", "and in 2024?", "What was the inflation rate in 2024?"),
    ("What did Russia say?", "and last year?", "What did Russia say last year?"),
    ("What is the inflation rate?", "what about unemployment?", "What is unemployment?"),
    (MEET_EN, "What about Kazakhstan?", "Kazakhstan? Where might Putin and Zelenskyy meet?"),
    (MEET_EN, "And Moscow?", "Moscow? Where might Putin and Zelenskyy meet?"),
    (MEET_EN, "what about Trump?", "Trump? Where might Putin and Zelenskyy meet?"),
    (WHO_EN, "What about Russia?", "Russia? Who submitted the peace plan?"),
    ("Who supports Ukraine?", "and Russia?", "Who supports Russia?"),
    ("What did Russia say about Ukraine?", "and about Poland?", "What did Russia say about Poland?"),
    ("What did Russia say about Ukraine?", "What about Poland?", "Poland? What did Russia say about Ukraine?"),
]

PRONOUNS_TR = [
    ("Putin nerede?", "O ne dedi?", "Putin ne dedi?"),
    ("Putin nerede?", "peki o ne dedi", "Putin ne dedi?"),
    (MEET_TR, "Onlar ne dedi?", "Putin ve Zelenskyy ne dedi?"),
    ("Putin nerede?", "Ona kim cevap verdi?", "Putin'e kim cevap verdi?"),
    ("Trump ne dedi?", "Onun planı neydi?", "Trump'ın planı neydi?"),
    ("Putin ne dedi?", "O Ukrayna hakkında ne düşünüyor?", "Putin Ukrayna hakkında ne düşünüyor?"),
    ("Moskova'da kim konuştu?", "orada ne oldu?", "Moskova'da ne oldu?"),
    ("Zelenskyy Moskova'ya gitti mi?", "oraya neden gitmedi", "Moskova'ya neden gitmedi?"),
    (MEET_TR, "Bunu kim söyledi?", "Putin ve Zelenskyy buluşabilir: bunu kim söyledi?"),
    (PLAN_TR, "Bunu kim reddetti?", "Barış planını kim reddetti?"),
    (PLAN_TR, "tokayev bunu destekliyor mu", "Tokayev barış planını destekliyor mu?"),
    ("Putin'in teklifi neydi?", "Bu teklifi kim reddetti?", "Putin'in teklifi: bu teklifi kim reddetti?"),
    (ENVOYS_TR, "Onlar ne konuştu?", "ABD ve Rusya temsilcileri ne konuştu?"),
    ("Asgari ücret ne kadar?", "bu yeterli mi", "Asgari ücret yeterli mi?"),
    (MEET_TR, "Bu neden önemli?", "Putin ve Zelenskyy buluşabilir: bu neden önemli?"),
    ("Deprem nerede oldu?", "o gün ne oldu", "Deprem oldu: o gün ne oldu?"),
    ("Fenerbahçe kimi yendi?", "Kaptanları kim?", "Fenerbahçe yendi: kaptanları kim?"),
    ("Fenerbahçe kimi yendi? | Kaptanları kim?", "Onu kim seçti?", "Fenerbahçe'yi kim seçti?"),
]

VERBS_TR = [
    (PLAN_TR, "Neden reddetti?", "ABD barış planını neden reddetti?"),
    (PLAN_TR, "kim reddetti", "Barış planını kim reddetti?"),
    ("Rusya teklifi ne zaman aldı?", "kabul etti mi", "Rusya teklifi kabul etti mi?"),
    ("Tokayev nerede konuştu?", "ne dedi", "Tokayev ne dedi?"),
    ("Maç ne zaman?", "kim kazandı?", "Maç: kim kazandı?"),
    ("Deprem nerede oldu?", "kaç kişi öldü", "Deprem oldu: kaç kişi öldü?"),
    (MEET_TR, "sonra ne oldu?", "Putin ve Zelenskyy buluşabilir: sonra ne oldu?"),
]

PRONOUNS_EN = [
    ("Where is Putin?", "What did he say?", "What did Putin say?"),
    ("where is putin", "what did he say", "what did putin say"),
    (MEET_EN, "What did they say?", "What did Putin and Zelenskyy say?"),
    (MEET_EN, "Who proposed it?", "Putin and Zelenskyy meet: who proposed it?"),
    (MEET_EN, "who said that", "Putin and Zelenskyy meet: who said that?"),
    (PLAN_EN, "Who rejected it?", "Who rejected the peace plan?"),
    (WHO_EN, "when did they reject it", "When did they reject the peace plan?"),
    ("What is the peace plan?", "Who proposed it?", "Who proposed the peace plan?"),
    ("When might Putin and Zelenskyy talk?", "Where did they meet?", "Where did Putin and Zelenskyy meet?"),
    ("What did Putin say?", "Who is he?", "Who is Putin?"),
    ("What did Putin say?", "Who is he talking about?", "Who is Putin talking about?"),
    ("What did Putin say?", "What did he say about Ukraine?", "What did Putin say about Ukraine?"),
    ("What did Putin say?", "what is his plan?", "What is Putin's plan?"),
    ("What happened in Moscow?", "Who was there?", "Who was in Moscow?"),
    ("Who is the president of Kazakhstan?", "what did he say?", "What did the president of Kazakhstan say?"),
    (PLAN_EN, "Did Tokayev support it?", "Did Tokayev support the peace plan?"),
    ("When did the match take place?", "who won?", "The match take place: who won?"),
    (MEET_EN, "what happened next?", "Putin and Zelenskyy meet: what happened next?"),
    (MEET_EN, "Who rejected this proposal?", "Putin and Zelenskyy meet: who rejected this proposal?"),
]

CONVERSATION = [
    (MEET_TR, "Peki barış planını kim sundu?", "Barış planını kim sundu?"),
    (MEET_TR, "peki baris planini kim sundu", "baris planini kim sundu"),
    (MEET_TR, "Tamam, Tokayev savaş hakkında ne dedi?", "Tokayev savaş hakkında ne dedi?"),
    (MEET_TR, "Evet, peki asgari ücret ne kadar oldu?", "Asgari ücret ne kadar oldu?"),
    (MEET_EN, "And who submitted the peace plan?", "Who submitted the peace plan?"),
    (MEET_EN, "ok so who submitted the peace plan", "who submitted the peace plan"),
    (MEET_EN, "Thanks, and what did Tokayev say about the war?", "What did Tokayev say about the war?"),
]

CHAINS = [
    ("Rusya ne dedi? | Ukrayna ne dedi?", "ABD?", "ABD ne dedi?"),
    ("Rusya ne dedi? | Ukrayna ne dedi? | ABD ne dedi?", "ne zaman?", "ABD ne zaman dedi?"),
    ("Rusya ne dedi? | peki Ukrayna?", "ne zaman?", "Rusya ne zaman dedi?"),
    (f"{MEET_TR} | teşekkürler", "ne zaman?", "Putin ve Zelenskyy ne zaman buluşabilir?"),
    (f"{MEET_EN} | thanks!", "when?", "When might Putin and Zelenskyy meet?"),
    (f"Moskova? {MEET_TR}", "ne zaman?", "Moskova? Putin ve Zelenskyy ne zaman buluşabilir?"),
    (f"Moskova? {MEET_TR}", "ya Kazakistan?", "Kazakistan? Putin ve Zelenskyy nerede buluşabilir?"),
    (f"{WHO_TR} | {MEET_TR}", "ne zaman", "Putin ve Zelenskyy ne zaman buluşabilir?"),
    (f"Merhaba! {MEET_TR}", "ne zaman", "Putin ve Zelenskyy ne zaman buluşabilir?"),
    ("Where is Putin? | Putin: who said that?", "What did he say?", "What did Putin say?"),
    ("Who will take over? | Take over: when?", "Where does he work?", "Take over: where does he work?"),
    ("Who won the prize? | Won the prize: how much?", "Where does she live?", "Won the prize: where does she live?"),
    ("Who supports Putin? | Supports Putin: how much?", "Where does he live?", "Where does Putin live?"),
    ("How many people died? | People died: where?", "What did they say?", "People died: what did they say?"),
]

RESOLVED = [
    *QUESTION_WORDS_TR,
    *QUESTION_WORDS_EN,
    *TOPICS_TR,
    *TOPICS_EN,
    *PRONOUNS_TR,
    *VERBS_TR,
    *PRONOUNS_EN,
    *CONVERSATION,
    *CHAINS,
]

UNCHANGED_TR = [
    (MEET_TR, "Barış planını kim sundu?"),
    (MEET_TR, "asgari ucret ne kadar"),
    (MEET_TR, "Bu yıl enflasyon ne kadar?"),
    (MEET_TR, "bu yil enflasyon ne kadar oldu"),
    (MEET_TR, "Bu hafta Ankara'da ne oldu?"),
    (MEET_TR, "enflasyon neden arttı?"),
    (MEET_TR, "enflasyon"),
    (MEET_TR, "asgari ücret"),
    (MEET_TR, "asgari ücret?"),
    (MEET_TR, "Tokayev ne dedi?"),
    (MEET_TR, "tokayev kim"),
    (MEET_TR, "Tokayev bunu destekliyor mu?"),
    (MEET_TR, "Bu barış planını kim sundu?"),
    (MEET_TR, "teşekkürler"),
    (MEET_TR, "Çok teşekkür ederim!"),
    (MEET_TR, "tamam"),
    (MEET_TR, "tamam sağol"),
    (MEET_TR, "peki"),
    (MEET_TR, "evet"),
    (MEET_TR, "merhaba"),
    (MEET_TR, "sen kimsin?"),
    (MEET_TR, "nasılsın"),
    (MEET_TR, "ne?"),
    (MEET_TR, "Deprem nerede oldu?"),
    (MEET_TR, "dolar kaç lira"),
    (MEET_TR, "İyi Parti ne dedi?"),
    (MEET_TR, "Evet oyu oranı ne kadardı?"),
    (MEET_TR, "Onur Bilgin kim?"),
    (MEET_TR, "O Ses Türkiye'yi kim kazandı?"),
    (MEET_TR, "Galatasaray maçı kaç kaç bitti"),
    (MEET_TR, "Putin Trump'a onu neden aradığını söyledi mi?"),
    (MEET_TR, "Ya İstanbul ya Ankara: final nerede oynanacak?"),
    ("Rusya ne dedi?", "Ukrayna ne istedi?"),
    (MEET_TR, "..."),
    (MEET_TR, ""),
    ("", "ne zaman?"),
    ("teşekkürler", "ne zaman?"),
    ("ne zaman?", "nerede?"),
]

UNCHANGED_EN = [
    (MEET_EN, "Who submitted the peace plan?"),
    (MEET_EN, "who submitted peace plan"),
    (MEET_EN, "Is it true that inflation fell?"),
    (MEET_EN, "What time is it?"),
    (MEET_EN, "Is it possible to end the war?"),
    (MEET_EN, "How long does it take to build a reactor?"),
    (MEET_EN, "Is there a ceasefire in Gaza?"),
    (MEET_EN, "How many people are there in Kazakhstan?"),
    (MEET_EN, "What did Tokayev say when he called Trump?"),
    (MEET_EN, "Did Russia say that it would attack?"),
    (MEET_EN, "How did inflation change this year?"),
    (MEET_EN, "What happened in Moscow?"),
    (MEET_EN, "Who is Tokayev?"),
    (MEET_EN, "what is inflation"),
    (MEET_EN, "inflation"),
    (MEET_EN, "minimum wage"),
    (MEET_EN, "minimum wage?"),
    (MEET_EN, "thanks"),
    (MEET_EN, "Thank you very much!"),
    (MEET_EN, "ok"),
    (MEET_EN, "and?"),
    (MEET_EN, "hello"),
    (MEET_EN, "Who are you?"),
    (MEET_EN, "Are you sure?"),
    (MEET_EN, "What can you do?"),
    (MEET_EN, "what?"),
    (MEET_EN, "Who wrote And Then There Were None?"),
    (MEET_EN, "Which leaders attended that peace summit in Alaska?"),
    (MEET_EN, "who is right about the tariff dispute between China and India"),
    ("What did Russia say?", "What did Ukraine want?"),
    ("", "when?"),
    ("hi | thanks", "and when?"),
    (MEET_EN, "Wann treffen sich die beiden?"),
    (MEET_EN, "Когда?"),
]

UNCHANGED = [(earlier, question, question) for earlier, question in (*UNCHANGED_TR, *UNCHANGED_EN)]
ROWS = [*RESOLVED, *UNCHANGED]

# A follow-up in the other language: (earlier, follow-up, expected, language).
SWITCHES = [
    (MEET_TR, "and when?", "Putin ve Zelenskyy buluşabilir: when?", "en"),
    (MEET_TR, "what did they say?", "What did Putin and Zelenskyy say?", "en"),
    ("Rusya ne dedi?", "when?", "Rusya dedi: when?", "en"),
    ("Rusya ne dedi?", "What about Ukraine?", "What about Ukraine? Ukraine ne dedi?", "en"),
    (MEET_EN, "peki ne zaman?", "Putin and Zelenskyy meet: ne zaman?", "tr"),
    (MEET_EN, "onlar ne dedi", "Putin ve Zelenskyy ne dedi?", "tr"),
    (PLAN_TR, "where?", "Where? This is about the following: ABD barış planını sundu", "en"),
    ("Where? This is about the following: ABD barış planını sundu", "why",
     "Why? This is about the following: ABD barış planını sundu", "en"),
    (PLAN_EN, "peki nerede", "Nerede? Bu soru şununla ilgili: US submit peace plan", "tr"),
    (PLAN_EN, "bunu kim söyledi?", "US submit peace plan: bunu kim söyledi?", "tr"),
    (PLAN_TR, "Did Russia reject it?", "Did Russia reject it?", "en"),
    ("rusya ne dedi", "What did he say?", "What did Russia say?", "en"),
    ("What did Russia say?", "Rusya neden saldırdı?", "Rusya neden saldırdı?", "tr"),
    ("Rusya neden saldırdı?", "Who is Tokayev?", "Who is Tokayev?", "en"),
]  # fmt: skip


def history(earlier: str, answer: str = "") -> list[tuple[str, str]]:
    return [(question, answer) for question in earlier.split(" | ") if question]


@pytest.mark.parametrize(("earlier", "question", "expected"), RESOLVED)
def test_a_follow_up_is_made_whole(earlier: str, question: str, expected: str) -> None:
    assert resolve(question, history(earlier)) == expected


@pytest.mark.parametrize(("earlier", "question", "expected"), UNCHANGED)
def test_what_stands_by_itself_is_left_alone(earlier: str, question: str, expected: str) -> None:
    assert resolve(question, history(earlier)) == expected


@pytest.mark.parametrize(("earlier", "question", "expected", "language"), SWITCHES)
def test_the_follow_up_decides_the_language(earlier: str, question: str, expected: str, language: str) -> None:
    resolved = resolve(question, history(earlier))
    assert resolved == expected
    assert detect_question_language(resolved) == language


def test_the_tables_are_large_enough() -> None:
    assert len(set(ROWS)) >= 120
    assert len(set(UNCHANGED)) >= 40


@pytest.mark.parametrize(("earlier", "question", "expected"), ROWS)
def test_resolving_again_changes_nothing(earlier: str, question: str, expected: str) -> None:
    turns = history(earlier)
    resolved = resolve(question, turns)
    assert resolve(resolved, turns) == resolved


@pytest.mark.parametrize(("earlier", "question", "expected"), ROWS)
@pytest.mark.parametrize("answer", list(NOT_FOUND.values()))
def test_what_was_not_found_counts_as_asked(earlier: str, question: str, expected: str, answer: str) -> None:
    assert resolve(question, history(earlier, answer)) == expected


# An earlier question without names: the answer may give some.
ANSWERED = [
    (WHO_TR, "Makaleye göre: “Barış planını Donald Trump geçen ay sundu.”", "O ne dedi?", "Donald Trump ne dedi?"),
    (WHO_EN, "According to the article: “Last month Donald Trump submitted it.”", "What did he say?",
     "What did Donald Trump say?"),
    ("Kim istifa etti?", "“Bulgaristan Sağlık Bakanı Radostin Velev istifa etti.”", "neden?",
     "Bulgaristan Sağlık Bakanı Radostin Velev neden istifa etti?"),
    (WHO_TR, NOT_FOUND["tr"], "O ne dedi?", "Barış planını sundu: o ne dedi?"),
    (WHO_EN, NOT_FOUND["en"], "What did he say?", "Submitted the peace plan: what did he say?"),
    (MEET_TR, "“Donald Trump Moskova'da konuştu.”", "Onlar ne dedi?", "Putin ve Zelenskyy ne dedi?"),
    ("What is the vaccine called?", "“NAIROBI — Kenya will start, minister Aden Duale announced.”",
     "What did he say?", "What did Aden Duale say?"),
    (WHO_TR, "“BRÜKSEL (AA) - Geçen ay planı Mark Rutte sundu.”", "O ne dedi?", "Mark Rutte ne dedi?"),
    (WHO_EN, "“Mark Rutte – of all people – told Kaja Kallas.”", "What did he say?", "What did Mark Rutte say?"),
]  # fmt: skip


@pytest.mark.parametrize(("earlier", "answer", "question", "expected"), ANSWERED)
def test_an_answer_gives_names_when_its_question_has_none(
    earlier: str, answer: str, question: str, expected: str
) -> None:
    assert resolve(question, [(earlier, answer)]) == expected


# A question and one after it that found nothing: which of them is gone back to.
NOT_ANSWERED = [
    ("Galata Köprüsü ne zaman kapatılacak?", "Ne kadar süreyle?", "neden", "Galata Köprüsü neden kapatılacak?"),
    ("Robot köpeğin adı ne?", "fiyatı?", "Onu kim geliştirdi?", "Robot köpeğin adı: onu kim geliştirdi?"),
    ("What did Russia say?", "the price?", "when?", "When did Russia say it?"),
    ("Rusya ne dedi?", "Enflasyon ne kadar?", "peki işsizlik?", "İşsizlik ne kadar?"),
    ("Rusya ne dedi?", "Enflasyon arttı mı?", "neden?", "Enflasyon neden arttı?"),
    ("What did Russia say?", "What is inflation?", "why?", "Inflation: why?"),
    ("teşekkürler", "Ne kadar süreyle?", "neden", "Neden süreyle?"),
]


@pytest.mark.parametrize(("earlier", "refused", "question", "expected"), NOT_ANSWERED)
def test_a_phrase_that_found_nothing_is_not_gone_back_to(
    earlier: str, refused: str, question: str, expected: str
) -> None:
    answer = NOT_FOUND[detect_question_language(refused, undecided="en") or "en"]
    assert resolve(question, [(earlier, "“…”"), (refused, answer)]) == expected


def test_names_typed_small_are_known_from_the_answer() -> None:
    turns = [("merkel ne zaman konustu", "“Dün Berlin'de Angela Merkel konuştu.”")]
    assert resolve("ya scholz", turns) == "scholz ne zaman konustu"
    assert resolve("onun partisi ne dedi", turns) == "merkel'in partisi ne dedi"


def test_a_conversation() -> None:
    turns: list[tuple[str, str]] = []
    for question, expected in [
        ("Rusya ne dedi?", "Rusya ne dedi?"),
        ("peki Ukrayna?", "Ukrayna ne dedi?"),
        ("ABD?", "ABD ne dedi?"),
        ("ne zaman?", "ABD ne zaman dedi?"),
        ("Asgari ücret ne kadar?", "Asgari ücret ne kadar?"),
        ("neden", "Asgari ücret neden?"),
        ("sağ ol", "sağ ol"),
        ("What did Tokayev say?", "What did Tokayev say?"),
        ("and Putin?", "What did Putin say?"),
        ("thanks!", "thanks!"),
        ("when?", "When did Putin say it?"),
    ]:
        resolved = resolve(question, turns)
        assert resolved == expected
        turns.append((resolved, "“…”"))


@pytest.mark.parametrize("follow_up", ["ne zaman?", "peki ya Ukrayna?", "bunu kim söyledi?", "when?", "and Ukraine?"])
@pytest.mark.parametrize(
    "earlier",
    [
        "Rusya " + "çok uzun bir " * 60 + "açıklamada ne dedi?",
        "What did Russia say in the " + "very long " * 60 + "statement?",
        "x" * 5000,
        "ya " * 2000,
    ],
)
def test_a_very_long_question_is_cut(earlier: str, follow_up: str) -> None:
    resolved = resolve(follow_up, [(earlier, "")])
    assert resolved
    assert len(resolved) <= len(follow_up) + 2 * MAX_CONTEXT_CHARS


def test_a_long_question_keeps_what_it_asks() -> None:
    long = "açıklamasında çok şey anlatan " * 20
    assert "ne zaman" in resolve("ne zaman?", [(f"Putin {long}nerede konuştu?", "")])
    assert resolve("when?", [(f"Where did Putin speak {'and speak ' * 60}?", "")]).startswith("When did Putin")


def test_a_long_follow_up_says_what_it_means() -> None:
    question = "Bunu " + "gerçekten " * 30 + "kim söyledi?"
    assert resolve(question, [(MEET_TR, "")]) == question


PIECES = """
    ne zaman nerede kim neden kaç hangi bu bunu o onun ona orada peki ya ve mı mi ? : . , ' hakkında Putin Putin'in
    putinin Rusya Ukrayna'ya ABD Moskova'da teklifi planı dedi sundu sunuldu buluşabilir oldu etti istifa kabul 2025'te
    geçen yıl when where who why what how many which did was is will the of in and about it he they that this there
    Russia Ukraine the US Putin's say said submitted plan peace meet yesterday tell me İ ı ' “ ” … 🙂 \u0307 ß
"""
SENTENCES = st.lists(st.sampled_from(PIECES.split()), max_size=9).map(" ".join)
TURNS = st.lists(st.tuples(SENTENCES, SENTENCES), max_size=3)
ANYTHING = st.lists(st.tuples(st.text(max_size=60), st.text(max_size=60)), max_size=3)


@given(st.text(max_size=80) | SENTENCES, TURNS | ANYTHING)
@example("İ", [("i\u0307", "İ")])
@example("'", [("'''", "")])
@settings(max_examples=300, deadline=None)
def test_any_text_is_survived(question: str, turns: list[tuple[str, str]]) -> None:
    resolved = resolve(question, turns)
    assert bool(resolved) == bool(question)
    assert len(resolved) <= len(question) + 2 * MAX_CONTEXT_CHARS
    assert resolve(resolved, turns) == resolved
    if not turns:
        assert resolved == question


def test_it_takes_no_time() -> None:
    resolve("ne zaman?", history(MEET_TR))
    start = time.perf_counter()
    for earlier, question, _ in ROWS[:100]:
        resolve(question, history(earlier))
    assert time.perf_counter() - start < 2


@pytest.mark.parametrize(
    ("name", "case", "expected"),
    [
        ("Putin", "gen", "'in"),
        ("Zelenskyy", "gen", "'nin"),
        ("Zelenskyy", "dat", "'ye"),
        ("Trump", "acc", "'ı"),
        ("Erdoğan", "ins", "'la"),
        ("Tokayev", "abl", "'den"),
        ("Kazakistan", "dat", "'a"),
        ("Moskova", "loc", "'da"),
        ("Meksika", "loc", "'da"),
        ("Irak", "loc", "'ta"),
        ("Gürcü", "gen", "'nün"),
        ("ABD", "gen", "'nin"),
        ("NATO", "dat", "'ya"),
        ("MİT", "gen", "'in"),
        ("BM", "abl", "'den"),
        ("Dışişleri Bakanı", "gen", "'nın"),
        ("Avrupa Birliği", "dat", "'ne"),
        ("Avrupa Birliği", "loc", "'nde"),
        ("Rusya", "", ""),
        ("", "gen", "'in"),
    ],
)
def test_turkish_endings(name: str, case: str, expected: str) -> None:
    assert ending(name, case) == expected
