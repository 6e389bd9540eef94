"""Every text the terminal shows, in English and in Turkish. Errors carry their own (see :mod:`index.errors`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from index import LANGUAGES, Language

DEFAULT_LANGUAGE: Language = "en"

TEXTS: dict[Language, dict[str, str]] = {
    "en": {
        "help_haberci": "Answers questions about news articles, in Turkish or English, with verbatim quotes.",
        "help_chat": "Serve the chat as a web page. A library that nobody has written to starts with the shipped "
        "article. Ctrl-C stops it.",
        "help_ask": "Answer one question, with quotes. The sentences the answer rests on are shown with their "
        "places. A library that nobody has written to starts with the shipped article.",
        "help_index": "Put articles into the library. Takes text and Markdown files (.txt, .md, .markdown), web pages "
        "(.html, .htm, .xhtml), PDF and Word files (.pdf, .docx), folders with all that is in them, and addresses of "
        "pages and of RSS or Atom feeds. Files read before replace their articles; what has not changed costs "
        "nothing. What cannot be read is named and the rest goes on. The shipped article is not added: a library "
        "begun with this command holds only what was given to it.",
        "help_sync": "Make the library equal to folders and feeds. What is new or has changed is added, a file that "
        "was renamed stays the article that it was, and articles that none of the sources holds are removed, those of "
        "other folders too: name all that belong to the library. What came from a feed or a page stays. What has not "
        "changed is not read. Everything counts at once, when it is done.",
        "help_watch": "Keep the library equal to folders and feeds. Syncs as 'haberci sync' does, at once and whenever "
        "a file changes, and asks the addresses from time to time. What goes wrong is said once, and tried again. A "
        "folder that is gone or suddenly empty takes no articles with it. Ctrl-C or SIGTERM ends it.",
        "help_rebuild": "Build the index again. Chunks and embeds every article: needed after a change of model or "
        "chunking. The old index serves until the new one is whole.",
        "help_remove": "Take articles out of the library. They are named by the ids that 'haberci list' shows.",
        "help_list": "List the articles, newest first. Shows id, date, language and title, with tabs between them "
        "when piped.",
        "help_status": "Show what the library holds. Counts, model, size on disk, when each folder and feed was last "
        "synced, and problems that can be seen at a glance.",
        "help_check": "Read the whole library and say what is wrong with it. With --repair, mend what can be mended.",
        "help_model": "Print the embedding model's folder. The packaged model is unpacked first if need be.",
        "opt_help": "Show this help.",
        "opt_version": "Show the version.",
        "opt_language": "Language of the messages; else LC_ALL, LC_MESSAGES or LANG decides.",
        "opt_debug": "Show where an error comes from (a traceback).",
        "opt_home": "Folder of the library; else HABERCI_HOME, else the user's data folder.",
        "opt_llm": "A language model that writes the answers, checked against the quotes: openai:NAME, ollama:NAME, "
        "anthropic:NAME or gguf:FILE; off for none. Else HABERCI_LLM.",
        "opt_json": "Print one JSON object and nothing else.",
        "opt_json_list": "Print one JSON list and nothing else.",
        "opt_host": "Address to listen on; 0.0.0.0 lets other computers in.",
        "opt_port": "Port to listen on; 0 takes any free one, leaving it out the first free one from 7860.",
        "opt_open": "Open the page in the browser.",
        "opt_add": "Let visitors of the page put articles into the library, by the address of a web page or feed.",
        "opt_watch": "Keep the library equal to a folder or feed while the page is served, as 'haberci watch' does: "
        "articles that none of them holds are removed, and the shipped one is not added. May be given several times.",
        "arg_question": "The question, in quotation marks; - reads it from standard input.",
        "opt_keep": "Remove nothing.",
        "opt_allow_empty": "Also remove the articles of folders that hold no article file any more; else that is "
        "refused, because their disk may not be mounted.",
        "opt_interval": "Minutes between two looks at the addresses, and at folders whose changes go unreported, as "
        "on network drives.",
        "opt_repair": "Mend what can be mended; may take as long as 'haberci rebuild'.",
        "arg_paths": "Article files, folders of them, and addresses of pages or feeds.",
        "arg_sources": "Folders, files, and addresses of pages or feeds.",
        "arg_ids": "Ids of articles.",
        "exits": "Exit codes:",
        "exit_0": "done",
        "exit_2": "wrong usage, such as an unknown option",
        "exit_3": "something failed; the message says what and how to mend it",
        "exit_130": "stopped with Ctrl-C",
        "exit_chat_0": "stopped with Ctrl-C once the page was served",
        "exit_chat_130": "stopped with Ctrl-C before that",
        "exit_ask_0": "the articles answer",
        "exit_ask_1": "the articles don't say",
        "exit_ask_2": "wrong usage, such as an empty question",
        "exit_index_3": "nothing could be done, such as no file that can be read",
        "exit_index_4": "some files or addresses could not be read; the others are in",
        "exit_sync_3": "nothing could be done, such as a folder that is not there",
        "exit_sync_4": "some files or addresses could not be read; the others are in",
        "exit_watch_0": "stopped with Ctrl-C or SIGTERM",
        "exit_status_4": "there are problems",
        "exit_check_0": "all is well, or has been mended",
        "exit_check_3": "problems remain, or the library cannot be checked",
        "exit_remove_3": "nothing could be removed",
        "exit_remove_4": "some ids are not in the library; the others were removed",
        "step_model": "Loading the model; the very first time it is unpacked as well…",
        "step_seed": "Indexing the shipped article…",
        "step_read": "Reading files…",
        "step_index": "Indexing articles…",
        "step_sources": "Reading files and addresses…",
        "step_sync": "Bringing the library up to date…",
        "step_check": "Checking the library…",
        "step_rebuild": "Rebuilding the index…",
        "step_llm": "Trying the language model…",
        "understood": "Understood as: {question}",
        "step_page": "Starting the page…",
        "step_search": "Searching the articles…",
        "ready_one": "Haberci is ready, with 1 article: {url}",
        "ready_many": "Haberci is ready, with {count} articles: {url}",
        "ready_none": "Haberci is ready, with no articles yet (add some with: haberci index FILE|FOLDER): {url}",
        "stop_hint": "Ctrl-C stops it.",
        "open_to_others": "Other computers that reach {host} can use this page; there is no password.",
        "open_to_others_may_add": "Other computers that reach {host} can use this page and add articles to the "
        "library; there is no password.",
        "chat_stopped": "Stopped.",
        "stopped": "Stopped. What has been written to the library stays.",
        "sources": "Sources",
        "place": "characters {start}-{end} of {article_id}",
        "question_not_utf8": "the question on standard input is not UTF-8",
        "host_blank": "a name or an address is needed, such as 127.0.0.1",
        "no_files": "{path} holds no article files ({suffixes}).",
        "nothing_read": "Nothing could be read; the library is as it was.",
        "same_id": "{source} has the id {article_id!r} of another file given here; give it an id of its own",
        "added": "added",
        "changed": "changed",
        "renamed": "renamed",
        "unchanged": "unchanged",
        "failed": "failed",
        "summary": "Added {added}, changed {changed}, unchanged {unchanged}, failed {failed}. "
        "Articles in the library: {total}.",
        "summary_sync": "Added {added}, changed {changed}, renamed {renamed}, removed {removed}, unchanged "
        "{unchanged}, failed {failed}. Articles in the library: {total}.",
        "watch_begins": "Syncing for the first time…",
        "watching": "Watching. Ctrl-C stops it.",
        "language_en": "English",
        "language_tr": "Turkish",
        "status_folder": "Library: {folder}",
        "status_articles": "Articles: {articles}",
        "status_index": "Index: {chunks} chunks, {rows} vectors",
        "status_model": "Model: {model}; reader: {reader}",
        "status_chroma": "Vectors kept in: {chroma}",
        "status_in_folder": "the library's folder",
        "status_revision": "Revision: {revision}",
        "status_size": "Size on disk: {total} ({parts})",
        "status_synced": "Synced: {moment}, {origin}",
        "part_catalogue": "catalogue",
        "part_chroma": "vectors",
        "part_words": "words",
        "part_lexical": "terms",
        "part_other": "other",
        "problem": "problem",
        "repaired": "repaired",
        "check_well": "All is well.",
        "check_advice": "Mend it with: haberci check --repair",
        "check_left": "This could not be mended.",
        "rebuilt": "Rebuilt. Articles in the library: {count}.",
        "nothing_to_rebuild": "The library is empty; there is nothing to rebuild.",
        "removed": "removed",
        "not_there": "There is no article {article_id!r} in the library; 'haberci list' shows what is.",
        "several_listed": "{count} articles are listed as {article_id!r}; 'haberci list --json' shows their whole ids.",
        "list_empty": "The library is empty. Add articles with: haberci index FILE|FOLDER",
        "list_untouched": "Nobody has written to this library yet. 'haberci chat' and 'haberci ask' start it with the "
        "shipped article, 'haberci index FILE|FOLDER' with yours.",
        "usage_command": "There is no command {name!r}.",
        "usage_option": "There is no option {name}.",
        "usage_meant": "Did you mean {names}?",
        "usage_missing": "{name} is missing.",
        "usage_value": "{name} needs a value.",
        "usage_flag": "{name} takes no value.",
        "usage_extra": "That is more than '{usage}' takes; what has spaces in it, such as a question, needs quotation "
        "marks around it.",
        "usage_language": "--language must be en or tr.",
        "usage_port": "--port must be a whole number from 0 to 65535.",
        "usage_interval_min": "--interval must be a number of minutes, at least 1.",
        "usage_help": "See: {usage} --help",
        "column_id": "Id",
        "column_date": "Date",
        "column_language": "Language",
        "column_title": "Title",
        "bug": "Something went wrong inside Haberci ({error}); --debug shows where. Please report it.",
    },
    "tr": {
        "help_haberci": "Haberlerle ilgili soruları Türkçe ya da İngilizce, kelimesi kelimesine alıntılarla yanıtlar.",
        "help_chat": "Sohbeti web sayfası olarak sunar. Hiç yazılmamış bir kitaplık, birlikte gelen haberle başlar. "
        "Ctrl-C durdurur.",
        "help_ask": "Bir soruyu alıntılarla yanıtlar. Yanıtın dayandığı cümleleri yerleriyle gösterir. Hiç "
        "yazılmamış bir kitaplık, birlikte gelen haberle başlar.",
        "help_index": "Haberleri kitaplığa koyar. Metin ve Markdown dosyalarını (.txt, .md, .markdown), web "
        "sayfalarını (.html, .htm, .xhtml), PDF ve Word dosyalarını (.pdf, .docx), klasörleri içindekilerle birlikte, "
        "sayfaların ve RSS ya da Atom akışlarının adreslerini alır. Daha önce okunan dosyalar haberlerinin yerine "
        "geçer; değişmeyenler vakit almaz. Okunamayan bildirilir, kalanlar sürer. Birlikte gelen haber eklenmez: bu "
        "komutla başlanan kitaplıkta yalnızca verilenler bulunur.",
        "help_sync": "Kitaplığı klasörlerle ve akışlarla eşitler. Yeni ve değişmiş olanlar eklenir, adı değişen dosya "
        "aynı haber olarak kalır, kaynakların hiçbirinde olmayan haberler çıkarılır, başka klasörlerinkiler de: "
        "kitaplığa ait olanların hepsini verin. Bir akışta ya da sayfada bir kez bulunan kalır. Değişmeyenler "
        "okunmaz. Hepsi bir anda, iş bitince geçerli olur.",
        "help_watch": "Kitaplığı klasörlerle ve akışlarla eşit tutar. Hemen, sonra da bir dosya değiştikçe 'haberci "
        "sync' gibi eşitler, adreslere arada bir bakar. Ters giden bir kez söylenir ve yeniden denenir. Kaybolan ya "
        "da birden boşalan klasör haberlerini götürmez. Ctrl-C ya da SIGTERM bitirir.",
        "help_rebuild": "Dizini yeniden kurar. Bütün haberleri yeniden böler ve gömer: model ya da bölme ayarı "
        "değişince gerekir. Yenisi tamamlanana dek eski dizin iş görür.",
        "help_remove": "Haberleri kitaplıktan çıkarır. Kimliklerini 'haberci list' gösterir.",
        "help_list": "Haberleri yeniden eskiye listeler. Kimlik, tarih, dil ve başlık gösterir; çıktı bir boruya "
        "giderse aralarında sekme olur.",
        "help_status": "Kitaplıkta ne olduğunu gösterir. Sayılar, model, diskteki boyut, her klasör ve akışın en son "
        "ne zaman eşitlendiği ve bir bakışta görülen sorunlar.",
        "help_check": "Bütün kitaplığı okur, nesi bozuksa söyler. --repair ile onarılabileni onarır.",
        "help_model": "Gömme modelinin klasörünü yazar. Paketle gelen modeli gerekiyorsa önce açar.",
        "opt_help": "Bu yardımı gösterir.",
        "opt_version": "Sürümü gösterir.",
        "opt_language": "İletilerin dili; verilmezse LC_ALL, LC_MESSAGES ya da LANG belirler.",
        "opt_debug": "Hatanın nereden geldiğini gösterir (traceback).",
        "opt_home": "Kitaplığın klasörü; verilmezse HABERCI_HOME, o da yoksa kullanıcının veri klasörü.",
        "opt_llm": "Yanıtları yazacak dil modeli; yazdıkları alıntılarla karşılaştırılır: openai:AD, ollama:AD, "
        "anthropic:AD ya da gguf:DOSYA; off hiçbiri demektir. Verilmezse HABERCI_LLM.",
        "opt_json": "Tek bir JSON nesnesi yazar, başka hiçbir şey yazmaz.",
        "opt_json_list": "Tek bir JSON listesi yazar, başka hiçbir şey yazmaz.",
        "opt_host": "Dinlenecek adres; 0.0.0.0 başka bilgisayarları da alır.",
        "opt_port": "Dinlenecek kapı; 0 boş bir kapı seçer, verilmezse 7860'tan başlayarak ilk boş kapı seçilir.",
        "opt_open": "Sayfayı tarayıcıda açar.",
        "opt_add": "Sayfayı açanların kitaplığa web sayfası ya da akış adresiyle haber eklemesine izin verir.",
        "opt_watch": "Sayfa sunulurken kitaplığı bir klasörle ya da akışla eşit tutar; 'haberci watch' gibi, "
        "kaynakların hiçbirinde olmayan haberleri çıkarır, birlikte gelen haberi eklemez. Birden çok kez verilebilir.",
        "arg_question": "Soru, tırnak içinde; - standart girdiden okur.",
        "opt_keep": "Hiçbir şey çıkarmaz.",
        "opt_allow_empty": "Artık haber dosyası olmayan klasörlerin haberlerini de çıkarır; verilmezse bu yapılmaz, "
        "çünkü diskleri bağlı olmayabilir.",
        "opt_interval": "Adreslere ve ağ sürücüleri gibi değişikliği bildirilmeyen klasörlere kaç dakikada bir "
        "bakılacağı.",
        "opt_repair": "Onarılabileni onarır; 'haberci rebuild' kadar sürebilir.",
        "arg_paths": "Haber dosyaları, haber klasörleri, sayfa ya da akış adresleri.",
        "arg_sources": "Klasörler, dosyalar, sayfa ya da akış adresleri.",
        "arg_ids": "Haberlerin kimlikleri.",
        "exits": "Çıkış kodları:",
        "exit_0": "tamamlandı",
        "exit_2": "yanlış kullanım, örneğin bilinmeyen bir seçenek",
        "exit_3": "bir şey başarısız oldu; ileti neyin, nasıl düzeltileceğini söyler",
        "exit_130": "Ctrl-C ile durduruldu",
        "exit_chat_0": "sayfa sunulurken Ctrl-C ile durduruldu",
        "exit_chat_130": "daha önce Ctrl-C ile durduruldu",
        "exit_ask_0": "haberler yanıtlıyor",
        "exit_ask_1": "haberler yanıt vermiyor",
        "exit_ask_2": "yanlış kullanım, örneğin boş bir soru",
        "exit_index_3": "hiçbir şey yapılamadı, örneğin okunabilen dosya yok",
        "exit_index_4": "bazı dosyalar ya da adresler okunamadı; diğerleri kitaplıkta",
        "exit_sync_3": "hiçbir şey yapılamadı, örneğin klasör yok",
        "exit_sync_4": "bazı dosyalar ya da adresler okunamadı; diğerleri kitaplıkta",
        "exit_watch_0": "Ctrl-C ya da SIGTERM ile durduruldu",
        "exit_status_4": "sorunlar var",
        "exit_check_0": "her şey yolunda ya da onarıldı",
        "exit_check_3": "sorunlar kaldı ya da kitaplık denetlenemiyor",
        "exit_remove_3": "hiçbir haber çıkarılamadı",
        "exit_remove_4": "bazı kimlikler kitaplıkta yok; diğerleri çıkarıldı",
        "step_model": "Model yükleniyor; ilk kez kullanılıyorsa önce açılıyor…",
        "step_seed": "Birlikte gelen haber dizine alınıyor…",
        "step_read": "Dosyalar okunuyor…",
        "step_index": "Haberler dizine alınıyor…",
        "step_sources": "Dosyalar ve adresler okunuyor…",
        "step_sync": "Kitaplık güncelleniyor…",
        "step_check": "Kitaplık denetleniyor…",
        "step_rebuild": "Dizin yeniden kuruluyor…",
        "step_llm": "Dil modeli deneniyor…",
        "understood": "Şöyle anlaşıldı: {question}",
        "step_page": "Sayfa başlatılıyor…",
        "step_search": "Haberlerde aranıyor…",
        "ready_one": "Haberci 1 haberle hazır: {url}",
        "ready_many": "Haberci {count} haberle hazır: {url}",
        "ready_none": "Haberci hazır, henüz haber yok (eklemek için: haberci index DOSYA|KLASÖR): {url}",
        "stop_hint": "Ctrl-C durdurur.",
        "open_to_others": "{host} adresine ulaşan başka bilgisayarlar bu sayfayı kullanabilir; parola yok.",
        "open_to_others_may_add": "{host} adresine ulaşan başka bilgisayarlar bu sayfayı kullanabilir ve kitaplığa "
        "haber ekleyebilir; parola yok.",
        "chat_stopped": "Durduruldu.",
        "stopped": "Durduruldu. Kitaplığa yazılmış olanlar duruyor.",
        "sources": "Kaynaklar",
        "place": "{article_id}, karakter {start}-{end}",
        "question_not_utf8": "standart girdideki soru UTF-8 değil",
        "host_blank": "127.0.0.1 gibi bir ad ya da adres gerekir",
        "no_files": "{path} içinde haber dosyası ({suffixes}) yok.",
        "nothing_read": "Hiçbir şey okunamadı; kitaplık olduğu gibi duruyor.",
        "same_id": "{source} dosyasının {article_id!r} kimliği burada verilen başka bir dosyada da var; ona ayrı bir "
        "kimlik verin",
        "added": "eklendi",
        "changed": "değişti",
        "renamed": "yeri değişti",
        "unchanged": "aynı",
        "failed": "okunamadı",
        "summary": "Eklenen {added}, değişen {changed}, aynı kalan {unchanged}, okunamayan {failed}. "
        "Kitaplıktaki haber sayısı: {total}.",
        "summary_sync": "Eklenen {added}, değişen {changed}, yeri değişen {renamed}, çıkarılan {removed}, aynı kalan "
        "{unchanged}, okunamayan {failed}. Kitaplıktaki haber sayısı: {total}.",
        "watch_begins": "İlk kez eşitleniyor…",
        "watching": "İzleniyor. Ctrl-C durdurur.",
        "language_en": "İngilizce",
        "language_tr": "Türkçe",
        "status_folder": "Kitaplık: {folder}",
        "status_articles": "Haber: {articles}",
        "status_index": "Dizin: {chunks} parça, {rows} vektör",
        "status_model": "Model: {model}; okuyucu: {reader}",
        "status_chroma": "Vektörlerin yeri: {chroma}",
        "status_in_folder": "kitaplığın klasörü",
        "status_revision": "Sürüm: {revision}",
        "status_size": "Diskteki boyut: {total} ({parts})",
        "status_synced": "Eşitlendi: {moment}, {origin}",
        "part_catalogue": "katalog",
        "part_chroma": "vektörler",
        "part_words": "sözcükler",
        "part_lexical": "terimler",
        "part_other": "diğer",
        "problem": "sorun",
        "repaired": "onarıldı",
        "check_well": "Her şey yolunda.",
        "check_advice": "Onarmak için: haberci check --repair",
        "check_left": "Bu onarılamadı.",
        "rebuilt": "Yeniden kuruldu. Kitaplıktaki haber sayısı: {count}.",
        "nothing_to_rebuild": "Kitaplık boş; yeniden kurulacak bir şey yok.",
        "removed": "çıkarıldı",
        "not_there": "Kitaplıkta {article_id!r} kimlikli haber yok; olanları 'haberci list' gösterir.",
        "several_listed": "Listede {article_id!r} diye görünen {count} haber var; kimliklerinin tamamını 'haberci list "
        "--json' gösterir.",
        "list_empty": "Kitaplık boş. Haber eklemek için: haberci index DOSYA|KLASÖR",
        "list_untouched": "Bu kitaplığa henüz hiç yazılmadı. 'haberci chat' ve 'haberci ask' onu birlikte gelen "
        "haberle başlatır, 'haberci index DOSYA|KLASÖR' sizin haberlerinizle.",
        "usage_command": "{name!r} diye bir komut yok.",
        "usage_option": "{name} diye bir seçenek yok.",
        "usage_meant": "Şunu mu demek istediniz: {names}?",
        "usage_missing": "{name} eksik.",
        "usage_value": "{name} bir değer ister.",
        "usage_flag": "{name} değer almaz.",
        "usage_extra": "Bu, '{usage}' komutunun aldığından fazla; soru gibi içinde boşluk olan şey "
        "tırnak içine alınmalı.",
        "usage_language": "--language en ya da tr olmalı.",
        "usage_port": "--port 0 ile 65535 arasında bir tam sayı olmalı.",
        "usage_interval_min": "--interval dakika olarak en az 1 olan bir sayı olmalı.",
        "usage_help": "Bkz. {usage} --help",
        "column_id": "Kimlik",
        "column_date": "Tarih",
        "column_language": "Dil",
        "column_title": "Başlık",
        "bug": "Haberci'nin içinde bir şeyler ters gitti ({error}); nerede olduğunu --debug gösterir. Lütfen bildirin.",
    },
}

# Which codes a command can end with. A code's meaning is the text "exit_COMMAND_CODE", else "exit_CODE".
EXIT_CODES: dict[str, tuple[int, ...]] = {
    "chat": (0, 2, 3, 130),
    "ask": (0, 1, 2, 3, 130),
    "index": (0, 2, 3, 4, 130),
    "sync": (0, 2, 3, 4, 130),
    "watch": (0, 2, 3),
    "list": (0, 2, 3, 130),
    "remove": (0, 2, 3, 4, 130),
    "status": (0, 2, 3, 4, 130),
    "check": (0, 2, 3, 130),
    "rebuild": (0, 2, 3, 130),
    "model": (0, 2, 3, 130),
}


def text(language: Language, key: str, **values: object) -> str:
    """The text called ``key`` in ``language``, its placeholders filled. KeyError when there is none."""
    return TEXTS[language][key].format(**values)


def exit_codes(language: Language, command: str) -> dict[int, str]:
    """What each exit code of ``command`` means; empty for a command that has none of its own."""
    texts = TEXTS[language]
    return {code: texts.get(f"exit_{command}_{code}") or texts[f"exit_{code}"] for code in EXIT_CODES.get(command, ())}


def terminal_language(arguments: Sequence[str], environment: Mapping[str, str]) -> Language:
    """The language of the messages: ``--language``, else what LC_ALL, LC_MESSAGES or LANG names, else English.

    The arguments are read as they were typed, because the help is written before they are parsed.
    """
    for at, argument in enumerate(arguments):
        name, equals, value = argument.partition("=")
        if name == "--language":
            following = value if equals else next(iter(arguments[at + 1 :]), "")
            return next((language for language in LANGUAGES if language == following), DEFAULT_LANGUAGE)
        if not argument.startswith("-"):
            break
    locale = next((environment[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environment.get(name)), "")
    primary = locale.replace("-", "_").partition("_")[0].partition(".")[0].lower()
    return next((language for language in LANGUAGES if language == primary), DEFAULT_LANGUAGE)
