"""The names of books by language: full names, abbreviations that no rule can derive, and the words around names.

The rules in `book_names.py` find the first three letters of a name, dropped vowels and misspellings, so these are not listed.
All names are in lower case, without diacritics and full stops.
"""

from collections.abc import Mapping
from types import MappingProxyType

Language = str
LANGUAGES: tuple[Language, ...] = ("en", "es")

# By language and OSIS id: full names, a bar, then abbreviations. Misspellings are compared only with the full names.
SINGLE_BOOKS: Mapping[Language, Mapping[str, str]] = MappingProxyType(
    {
        "en": {
            "Gen": "genesis | ge gn",
            "Exod": "exodus | ex exd",
            "Lev": "leviticus | le lv",
            "Num": "numbers | nu nm nb",
            "Deut": "deuteronomy | de dt deu duet",
            "Josh": "joshua | jos jsh",
            "Judg": "judges | jdg jg jdgs jgs",
            "Ruth": "ruth | ru rth",
            "Ezra": "ezra esra | ezr",
            "Neh": "nehemiah | ne",
            "Esth": "esther | es est",
            "Job": "job | jb",
            "Ps": "psalms psalm | ps psa pss psm salm salms palms",
            "Prov": "proverbs | pr prv pro pv",
            "Eccl": "ecclesiastes qoheleth | ec ecc ecl eccles qoh",
            "Song": "canticles song songs | so sos ss sg sgs sng sngs cant sol",
            "Isa": "isaiah | is",
            "Jer": "jeremiah jeremy | je jr",
            "Lam": "lamentations | la",
            "Ezek": "ezekiel | ez eze ezk",
            "Dan": "daniel | da dn dl",
            "Hos": "hosea | ho hs",
            "Joel": "joel | jl joe",
            "Amos": "amos | am",
            "Obad": "obadiah | ob oba",
            "Jonah": "jonah | jnh jon",
            "Mic": "micah | mi mc",
            "Nah": "nahum | na",
            "Hab": "habakkuk |",
            "Zeph": "zephaniah zefaniah zafaniah | zp zep",
            "Hag": "haggai | hg",
            "Zech": "zechariah zachariah | zc zec",
            "Mal": "malachi | ml",
            "Matt": "matthew | mt mat mtt",
            "Mark": "mark | mk mr mrk mar",
            "Luke": "luke | lk lu luk",
            "John": "john | jn jo joh jhn jh jonh",
            "Acts": "acts | ac act",
            "Rom": "romans | ro rm",
            "Gal": "galatians | ga",
            "Eph": "ephesians | ep ehp",
            "Phil": "philippians | ph phi phil php pp phl",
            "Col": "colossians | co",
            "Titus": "titus | ti tit",
            "Phlm": "philemon | phm phile philem",
            "Heb": "hebrews | he hb",
            "Jas": "james | ja jam jm jas",
            "Jude": "jude | jud ju jd",
            "Rev": "revelation apocalypse | re rv",
            "Tob": "tobit tobias | tb",
            "Jdt": "judith | jth jdt jdth",
            "EsthGr": "| gkesth",
            "Wis": "wisdom | ws wis",
            "Sir": "sirach ecclesiasticus | ecclus",
            "Bar": "baruch | br bar",
            "EpJer": "| letjer lje",
            "PrAzar": "azariah | prazr sgthree sgthr s3y",
            "Sus": "susanna shoshana | sus",
            "Bel": "| bel",
            "PrMan": "| prman pma",
            "AddPs": "|",
            "PssSol": "|",
            "Odes": "odes |",
            "1En": "enoch |",
            "EpLao": "laodiceans |",
        },
        "es": {
            "Gen": "genesis | ge gn",
            "Exod": "exodo | ex exd",
            "Lev": "levitico | lv le",
            "Num": "numeros | nu nm",
            "Deut": "deuteronomio | dt de",
            "Josh": "josue | jos",
            "Judg": "jueces | jc jue",
            "Ruth": "rut ruth | rt",
            "Ezra": "esdras | esd",
            "Neh": "nehemias | ne",
            "Esth": "ester esther | est",
            "Job": "job | jb",
            "Ps": "salmos salmo | sal sl slm ps",
            "Prov": "proverbios | pr prv",
            "Eccl": "eclesiastes qohelet | ec ecl",
            "Song": "cantares | ct cnt can cant",
            "Isa": "isaias | is",
            "Jer": "jeremias | jr je",
            "Lam": "lamentaciones | la lm",
            "Ezek": "ezequiel | ez ezq",
            "Dan": "daniel | dn da",
            "Hos": "oseas | os",
            "Joel": "joel | jl",
            "Amos": "amos | am",
            "Obad": "abdias | abd ab",
            "Jonah": "jonas | jon jns jo",
            "Mic": "miqueas | mi mq",
            "Nah": "nahum | na",
            "Hab": "habacuc | hab",
            "Zeph": "sofonias | sof sf so",
            "Hag": "hageo ageo | ag hg",
            "Zech": "zacarias | zac za",
            "Mal": "malaquias | mal ml",
            "Matt": "mateo | mt mat",
            "Mark": "marcos | mc mr mar marc",
            "Luke": "lucas | lc luc",
            "John": "juan | jn jua",
            "Acts": "hechos | hch hc hec",
            "Rom": "romanos | ro rm",
            "Gal": "galatas | ga gl",
            "Eph": "efesios | ef",
            "Phil": "filipenses | fil flp fli",
            "Col": "colosenses | col",
            "Titus": "tito | tit",
            "Phlm": "filemon | flm fmn filem",
            "Heb": "hebreos | he hb",
            "Jas": "santiago | stg st sant",
            "Jude": "judas | jud jds",
            "Rev": "apocalipsis revelacion | ap apoc",
            "Tob": "tobias tobit | tb tob",
            "Jdt": "judit | jdt",
            "EsthGr": "|",
            "Wis": "sabiduria | sab sb",
            "Sir": "eclesiastico siracida sirac | eclo si sir",
            "Bar": "baruc | ba bar",
            "EpJer": "|",
            "PrAzar": "azarias |",
            "Sus": "susana | sus",
            "Bel": "| bel",
            "PrMan": "|",
        },
    }
)

# Groups of numbered books: the OSIS ids of the first book, the second book, and so on, then the names of the group.
NUMBERED_BOOKS: Mapping[Language, tuple[tuple[tuple[str, ...], str], ...]] = MappingProxyType(
    {
        "en": (
            (("1Sam", "2Sam"), "samuel | sa sm s sam sma"),
            (("1Kgs", "2Kgs"), "kings | k kg ki kn ks kgs kin"),
            (("1Sam", "2Sam", "1Kgs", "2Kgs"), "kingdoms reigns |"),
            (("1Chr", "2Chr"), "chronicles paralipomenon | ch chr chron"),
            (("1Cor", "2Cor"), "corinthians | co c cor"),
            (("1Thess", "2Thess"), "thessalonians | th ts thes thess"),
            (("1Tim", "2Tim"), "timothy | ti tm tim"),
            (("1Pet", "2Pet"), "peter | p pe pt pet"),
            (("1John", "2John", "3John"), "john | j jn jo joh jhn jh"),
            (("1Macc", "2Macc", "3Macc", "4Macc"), "maccabees | m ma mc mac macc"),
            (("1Esd", "2Esd"), "esdras | es esd"),
            (("1En",), "enoch |"),
        ),
        "es": (
            (("1Sam", "2Sam"), "samuel | sa sm s sam"),
            (("1Kgs", "2Kgs"), "reyes | r re ry rs"),
            (("1Chr", "2Chr"), "cronicas | cr cro"),
            (("1Cor", "2Cor"), "corintios | co cor"),
            (("1Thess", "2Thess"), "tesalonicenses | ts te tes"),
            (("1Tim", "2Tim"), "timoteo | ti tm tim"),
            (("1Pet", "2Pet"), "pedro | p pe pd ped"),
            (("1John", "2John", "3John"), "juan | j jn jua"),
            (("1Macc", "2Macc", "3Macc", "4Macc"), "macabeos | m ma mac"),
            (("1Esd", "2Esd"), "esdras | esd"),
        ),
    }
)

# Names that consist of several words, as regular expressions. A space in them matches any gap between words.
PHRASES: tuple[tuple[str, str], ...] = (
    ("Song", r"(?:songs?|sng) of songs?|songs? of s[aou]l\w*m\w*n\w*|s of s|canticles? of canticles?"),
    ("Song", r"cantar(?:es?)? de (?:los )?cantares"),
    (
        "PrAzar",
        r"(?:songs?|sng|s|hymn) (?:of )?(?:the )?(?:three|3|th)(?: (?:holy|young|y|ch)\w*)?(?: (?:children|men|youths?|jews))?",
    ),
    ("PrAzar", r"(?:songs?|hymn) of (?:the )?(?:three|3) (?:jews|youths)"),
    ("PrAzar", r"(?:(?:canto|himno|cantico) de )?(?:los )?(?:tres|3) jovenes(?: hebreos| judios)?|ct (?:tres|3) jo\w*"),
    ("PrAzar", r"(?:pr|prayers?|or|oracion|cantico) (?:of |de )?az(?:ar\w*)?"),
    ("PrMan", r"(?:pr|prayers?|or|oracion) (?:of |de )?man(?:as\w*)?"),
    ("EpJer", r"(?:ep|epist|epistle|let|ltr|letter|carta|epistola) (?:of |de )?jer(?:em\w*)?"),
    ("Bel", r"bel (?:and|y|&) (?:the |el |la )?(?:dragon|serpent|snake|serpiente)"),
    ("Sir", r"wisdom of (?:jesus,?|ben) (?:the |ben |son of )*sirach|wisdom of jesus|ben sira"),
    ("Wis", r"(?:wis|wisd|wisd?om) of sol\w*|sabiduria de salomon"),
    ("EsthGr", r"(?:gk|gr|greek) est(?:h|her|er)?|est(?:h|her|er)? (?:gk|gr|greek|griego)"),
    ("AddEsth", r"add(?:itions)? (?:to )?esth?(?:er)?|rest of esth?(?:er)?|adiciones a ester"),
    ("AddDan", r"additions to daniel|adiciones a daniel"),
    ("PssSol", r"psalms? of sol\w*|salmos? de salomon"),
    ("Acts", r"acts of (?:the )?(?:holy )?apostles|hechos de los apostoles"),
    ("Rev", r"(?:revelations?|apocalypse) of (?:saint |st )?john|(?:revelacion|apocalipsis) de (?:san )?juan"),
    ("Lam", r"lamentations of jer\w*|lamentaciones de jer\w*"),
    ("EpLao", r"(?:ep|epistle|letter) to (?:the )?laod\w*"),
)

# Words before a name that belong to the reference but do not identify the book. Each of these words is followed by a space.
FILLERS = (
    r"(?:the|el|la|los) (?:holy )?(?:gospel|evangelio|book|libro|epistles?|letter|prophecy|carta|epistola)|"
    r"(?:gospel|evangelio|book|libro|epistles?|letter|prophecy|carta|epistola)|"
    r"(?:of|according to|to|from|de|del|segun|by)(?: the| los| las| el| la)?|a l[oa]s|general|prophet|apostle|paul(?:'s)?|the|el|la|los|"
    r"saint|st|san|santo"
)

# The words of COMMON_WORDS with which a sentence can begin.
FUNCTION_WORDS = frozenset("is am so he la de ex re da ha a le es si ho pro no na ne co can sol se mi".split())
# English and Spanish words that are also abbreviations or names. Inside lower-case text, they are ordinary words.
COMMON_WORDS = frozenset(
    (
        "is am so he la de ex re da song songs job mark acts ha a le es si ho pro act ruth mar mat jo ti ma no na ne "
        "pr co col can sol judges judge numbers number kings king proverbs lu te se ga sal sus bar bel os ag st est "
        "mi ec ct sab ro th jam jude per pet pete gen lam rev ep ph palms lamentations wisdom luke john amos joel"
    ).split()
)
