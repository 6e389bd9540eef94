"""The words of English questions, folded: what asks, what points back, what holds sentences together."""

from __future__ import annotations

import re

from bot.grammar.words import Role, Wanted, word_set

DO = word_set("do does did dont doesnt didnt")
BE = word_set("is are was were isnt arent wasnt werent")
MODAL = word_set(
    """
    will would can could may might shall should must wont cant couldnt wouldnt shouldnt
    """
)
_HAVE = word_set("has have had hasnt havent hadnt")
AUXILIARIES = DO | BE | MODAL | _HAVE
DETERMINERS = word_set(
    """
    the a an this that these those his her its their our my your some any all both no each every
    """
)
PREPOSITIONS = word_set(
    """
    in on at of to for from by with about against between among during since until before after over under into
    through without within across around near behind toward towards via as than
    """
)
LITTLE = word_set(
    """
    and or but so then also too not be been being it he she they them him this that there here who what when
    where why how which if because while whether again ever yet still just now soon recently already really
    exactly precisely else
    """
)
FUNCTION = (
    AUXILIARIES
    | DETERMINERS
    | PREPOSITIONS
    | LITTLE
    | word_set("i you we me us my your our mine yours ones one many much long often come please be get got")
)
WH: dict[str, tuple[Role, Wanted]] = {
    "when": ("adverb", "time"), "where": ("adverb", "place"), "why": ("adverb", "other"), "how": ("adverb", "other"),
    "who": ("subject", "person"), "whom": ("object", "person"), "what": ("object", "other"),
    "which": ("noun", "other"), "whose": ("noun", "person"),
}  # fmt: skip
HOW = word_set(
    """
    long often far soon fast big old high late come strong tall large deep heavy severe serious expensive likely
    """
)
CONTRACTED = re.compile(r"(?P<wh>what|who|where|when|how|why)(?P<s>s|re|d|ll)")
CONTRACTIONS = {"s": "is", "re": "are", "d": "did", "ll": "will"}
EMBEDDING = re.compile(r"(?:do you know|(?:can|could) you (?:please )?tell (?:me|us)|tell me|(?:do )?we know)(?: |$)")
TELLING = re.compile(
    r"(?:please )?(?:tell (?:me|us)(?: more)? about|summari[sz]e|explain|describe|show me|what about) "
)
_TAIL = r"(?: (?:exactly|precisely|then|though|again|please|so|else|is that))*"
_EVENT = (
    r"(?: (?:was|is|will|did|would|does|has|could|might) (?:it|that|this)"
    r"(?: (?:be|happen(?:ed)?|take place|(?:going|supposed) to (?:happen|be)))?)?"
)
_POLITE = r"(?:(?:do you know|(?:can|could) you (?:please )?tell me|tell me) )?"
_Row = tuple[str, str, Role, Wanted]
# What is asked, how it reads in a whole question ("" for the same), its role, what is wanted.
_BARE_ADVERBS: tuple[_Row, ...] = (
    (r"(?:(?:since|until|till|from|by) )?when(?: exactly| else)?", "", "adverb", "time"),
    (r"(?:at )?(?:what|which) time", "at {}", "adverb", "time"),
    (r"(?:on )?(?:what|which) (?:day|date)", "on {}", "adverb", "time"),
    (r"(?:in )?(?:what|which) (?:year|month|week)", "in {}", "adverb", "time"),
    (r"(?:from )?where(?: exactly| else)?", "", "adverb", "place"),
    (r"(?:in |at )?(?:what|which) (?:city|country|place|town|location|region)", "in {}", "adverb", "place"),
    (r"why|how come|how(?: long| often| soon| exactly)?|for what reason", "", "adverb", "other"),
    (r"(?:to|with|by|for|from|against) (?:whom|who)", "", "adverb", "person"),
)
_BARE_OTHERS: tuple[_Row, ...] = (
    (r"who(?: else| exactly)?|whom", "", "subject", "person"),
    (r"what else", "", "object", "other"),
    (r"how (?:many|much)(?: people| money| times)?", "", "amount", "other"),
    (r"how (?:old|tall|big|large|strong|high|far|fast|deep)|why not", "", "amount", "other"),
    (r"which(?: ones?| countries| people)?", "", "noun", "other"),
)
BARE: tuple[tuple[re.Pattern[str], str, Role, Wanted], ...] = tuple(
    (re.compile(rf"{_POLITE}(?P<phrase>{pattern}){event}{_TAIL}"), text, role, wanted)
    for rows, event in ((_BARE_ADVERBS, _EVENT), (_BARE_OTHERS, ""))
    for pattern, text, role, wanted in rows
)

PARTICIPLES = dict(
    pair.split(":")
    for pair in word_set(
        """
        gave:given took:taken wrote:written broke:broken chose:chosen made:made won:won built:built held:held
        led:led left:left lost:lost sent:sent sold:sold bought:bought brought:brought caught:caught found:found
        shot:shot struck:struck hit:hit cut:cut set:set put:put shut:shut paid:paid began:begun drew:drawn
        threw:thrown drove:driven stole:stolen beat:beaten saw:seen did:done kept:kept spent:spent taught:taught
        wore:worn tore:torn
        """
    )
)
SAYING = re.compile(
    r"(?:say|said|says|claim|claimed|announce|announced|tell|told|think|thought|believe|report|reported|write|wrote|state|stated)"
)
RECIPROCAL = word_set(
    """
    meet met meeting talk talked talks agree agreed fight fought between negotiate negotiated
    """
)
NOUN_HEADS = word_set(
    """
    president minister government army parliament leader envoy spokesman spokesperson officials foreign prime
    police team economy delegation military ambassador
    """
)
HE = frozenset(("he", "she", "they"))
HIM = frozenset(("him", "them"))
HIS = frozenset(("his", "their", "its", "hers", "theirs"))
ONE_PERSON = frozenset(("he", "she", "him", "his", "her", "hers"))
PERSON = re.compile(
    r"\b(?:president|minister|leader|coach|manager|man|woman|head|chief|ceo|chairman|mayor|king|queen|prince|princess|pope|"
    r"spokesman|spokeswoman|author|winner|founder|director|governor|judge|actor|singer|player|driver|chancellor|envoy|"
    r"secretary|general|victim|suspect|candidate|son|daughter|wife|husband|father|mother)\b"
)
EVENTS = word_set("before after do did done does doing like than since")
THIS = frozenset(("this", "that", "these", "those"))
AFTER_THIS = word_set(
    """
    year month week morning night weekend time summer winter spring autumn fall season century
    """
)
AFTER_PRONOUN = word_set(
    """
    happen happened mean means work go take come end start begin affect change help matter sound make cause true
    so right correct possible legal the a an why how about for in be been important good bad enough
    """
)
EMPTY_IT = re.compile(
    r".*\b(?:"
    r"(?:is|was|be|isnt|will be) it (?:\w+ ){0,2}\w+ (?:that|to|for|if|which|who|how|when|whether|what)\b"
    r"|(?:does|did|do|will|would) it (?:\w+ )?(?:take|cost|matter|mean|seem|appear|look|occur)\b.*"
    r" (?:that|to|if|like|until|for)\b"
    r"|it (?:be|become) (?:\w+ ){0,2}\w+ (?:that|to|for|if|whether|which)\b"
    r"|it be (?:a|an|long|some) \w+|(?:legend|rumou?r) has it\b"
    r"|it (?:takes?|took|seems?|is|was) (?:\w+ )*(?:that|to)\b"
    r"|what (?:time|day|date|year|month) is it|(?:is|was) it (?:raining|snowing|cold|hot|warm|late)"
    r"|it (?:\w+ )?(?:rain|rains|rained|snow|snows|snowed)\b"
    r").*"
)
CLOCK = re.compile(r"what (?:time|day|date|year|month) is (?:it|this)(?: (?:now|today))?")
SHORT = 7
MUCH = 3
THERE_IS = re.compile(
    r"(?:.* )?(?:(?:is|are|was|were|will|has|have|be) there (?!$)|there (?:is|are|was|were|will)\b"
    r"|how (?:many|much)\b.* (?:is|are|was|were) there$).*"
)
LONE_VERB = re.compile(
    r"(?:who|what) (?:\w+(?:ed|[^su]s)|won|lost|died|began|left|knew|paid|got)"
    r"|(?:who|what) (?:will|would|could|might|should) \w+|who (?:said|says|thinks) so"
    r"|how (?:many|much) (?:people )?(?:(?:has|have|will|would|is|are|was|were) (?:been )?)?\w+"
)
NEXT = re.compile(
    r"what (?:happened|happens|will happen|was) ?(?:next|then|after(?: that)?|afterwards|later)?"
    r"|what next|(?:and )?then what"
)
BOT = re.compile(r".*\b(?:you|your|yours|i|me|my|we|us|our)\b.*")
MARKER = re.compile(r"(?:what|how) about|and|what of|or")
