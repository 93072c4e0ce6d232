"""Decides which country a text means, and which zone that country's capital keeps.

One row per ISO 3166-1 country: alpha-2, alpha-3, zone of the capital (`-` where nobody lives, or no capital is), then
its names in English and German and the other spellings found in exports (in a second row when they are many).
XK is the user-assigned code of Kosovo.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from types import MappingProxyType

_TABLE = """\
AD AND Europe/Andorra Andorra
AE ARE Asia/Dubai United Arab Emirates|Vereinigte Arabische Emirate|UAE|U.A.E.|VAE|Emirates
AF AFG Asia/Kabul Afghanistan
AG ATG America/Antigua Antigua and Barbuda|Antigua und Barbuda
AI AIA America/Anguilla Anguilla
AL ALB Europe/Tirane Albania|Albanien
AM ARM Asia/Yerevan Armenia|Armenien
AO AGO Africa/Luanda Angola
AQ ATA - Antarctica|Antarktis
AR ARG America/Argentina/Buenos_Aires Argentina|Argentinien
AS ASM Pacific/Pago_Pago American Samoa|Amerikanisch-Samoa
AT AUT Europe/Vienna Austria|Österreich|Republik Österreich
AU AUS Australia/Sydney Australia|Australien
AW ABW America/Aruba Aruba
AX ALA Europe/Mariehamn Åland Islands|Åland|Ålandinseln
AZ AZE Asia/Baku Azerbaijan|Aserbaidschan
BA BIH Europe/Sarajevo Bosnia and Herzegovina|Bosnien und Herzegowina|Bosnia|Bosnien|Bosnia-Herzegovina
BB BRB America/Barbados Barbados
BD BGD Asia/Dhaka Bangladesh|Bangladesch
BE BEL Europe/Brussels Belgium|Belgien|België|Belgique
BF BFA Africa/Ouagadougou Burkina Faso
BG BGR Europe/Sofia Bulgaria|Bulgarien
BH BHR Asia/Bahrain Bahrain
BI BDI Africa/Bujumbura Burundi
BJ BEN Africa/Porto-Novo Benin
BL BLM America/St_Barthelemy Saint Barthélemy|St. Barthélemy
BM BMU Atlantic/Bermuda Bermuda
BN BRN Asia/Brunei Brunei|Brunei Darussalam
BO BOL America/La_Paz Bolivia|Bolivien|Bolivia, Plurinational State of
BQ BES America/Kralendijk Bonaire, Sint Eustatius and Saba|Caribbean Netherlands|Karibische Niederlande
BR BRA America/Sao_Paulo Brazil|Brasilien|Brasil
BS BHS America/Nassau Bahamas
BT BTN Asia/Thimphu Bhutan
BV BVT - Bouvet Island|Bouvetinsel
BW BWA Africa/Gaborone Botswana|Botsuana
BY BLR Europe/Minsk Belarus|Weißrussland
BZ BLZ America/Belize Belize
CA CAN America/Toronto Canada|Kanada
CC CCK Indian/Cocos Cocos (Keeling) Islands|Cocos Islands|Kokosinseln
CD COD Africa/Kinshasa Democratic Republic of the Congo|DR Congo|Demokratische Republik Kongo|DRC
CD COD Africa/Kinshasa Congo, Democratic Republic of the|Congo, The Democratic Republic of the|Congo-Kinshasa
CF CAF Africa/Bangui Central African Republic|Zentralafrikanische Republik
CG COG Africa/Brazzaville Republic of the Congo|Congo|Kongo|Republik Kongo|Congo-Brazzaville
CH CHE Europe/Zurich Switzerland|Schweiz|Suisse|Svizzera
CI CIV Africa/Abidjan Ivory Coast|Elfenbeinküste|Côte d'Ivoire
CK COK Pacific/Rarotonga Cook Islands|Cookinseln
CL CHL America/Santiago Chile
CM CMR Africa/Douala Cameroon|Kamerun
CN CHN Asia/Shanghai China|People's Republic of China|Volksrepublik China|PRC|Mainland China
CO COL America/Bogota Colombia|Kolumbien
CR CRI America/Costa_Rica Costa Rica
CU CUB America/Havana Cuba|Kuba
CV CPV Atlantic/Cape_Verde Cape Verde|Kap Verde|Cabo Verde
CW CUW America/Curacao Curaçao
CX CXR Indian/Christmas Christmas Island|Weihnachtsinsel
CY CYP Asia/Nicosia Cyprus|Zypern
CZ CZE Europe/Prague Czech Republic|Czechia|Tschechien|Tschechische Republik
DE DEU Europe/Berlin Germany|Deutschland|Federal Republic of Germany|Bundesrepublik Deutschland|BRD|GER
DJ DJI Africa/Djibouti Djibouti|Dschibuti
DK DNK Europe/Copenhagen Denmark|Dänemark|Danmark
DM DMA America/Dominica Dominica
DO DOM America/Santo_Domingo Dominican Republic|Dominikanische Republik
DZ DZA Africa/Algiers Algeria|Algerien
EC ECU America/Guayaquil Ecuador
EE EST Europe/Tallinn Estonia|Estland
EG EGY Africa/Cairo Egypt|Ägypten
EH ESH Africa/El_Aaiun Western Sahara|Westsahara
ER ERI Africa/Asmara Eritrea
ES ESP Europe/Madrid Spain|Spanien|España
ET ETH Africa/Addis_Ababa Ethiopia|Äthiopien
FI FIN Europe/Helsinki Finland|Finnland|Suomi
FJ FJI Pacific/Fiji Fiji|Fidschi
FK FLK Atlantic/Stanley Falkland Islands|Falklandinseln|Falkland Islands (Malvinas)
FM FSM Pacific/Pohnpei Micronesia|Mikronesien|Micronesia, Federated States of|Federated States of Micronesia
FO FRO Atlantic/Faroe Faroe Islands|Färöer|Färöer-Inseln
FR FRA Europe/Paris France|Frankreich
GA GAB Africa/Libreville Gabon|Gabun
GB GBR Europe/London United Kingdom|Vereinigtes Königreich|UK|Great Britain|Großbritannien|Britain
GB GBR Europe/London United Kingdom of Great Britain and Northern Ireland|England|Scotland|Wales|Northern Ireland|U.K.
GD GRD America/Grenada Grenada
GE GEO Asia/Tbilisi Georgia|Georgien
GF GUF America/Cayenne French Guiana|Französisch-Guayana
GG GGY Europe/Guernsey Guernsey
GH GHA Africa/Accra Ghana
GI GIB Europe/Gibraltar Gibraltar
GL GRL America/Nuuk Greenland|Grönland
GM GMB Africa/Banjul Gambia
GN GIN Africa/Conakry Guinea
GP GLP America/Guadeloupe Guadeloupe
GQ GNQ Africa/Malabo Equatorial Guinea|Äquatorialguinea
GR GRC Europe/Athens Greece|Griechenland|EL|Hellas
GS SGS Atlantic/South_Georgia South Georgia and the South Sandwich Islands|Südgeorgien und die Südlichen Sandwichinseln
GT GTM America/Guatemala Guatemala
GU GUM Pacific/Guam Guam
GW GNB Africa/Bissau Guinea-Bissau
GY GUY America/Guyana Guyana
HK HKG Asia/Hong_Kong Hong Kong|Hongkong|Hong Kong SAR|Hong Kong SAR China
HM HMD - Heard Island and McDonald Islands|Heard und McDonaldinseln
HN HND America/Tegucigalpa Honduras
HR HRV Europe/Zagreb Croatia|Kroatien|Hrvatska
HT HTI America/Port-au-Prince Haiti
HU HUN Europe/Budapest Hungary|Ungarn
ID IDN Asia/Jakarta Indonesia|Indonesien
IE IRL Europe/Dublin Ireland|Irland|Republic of Ireland|Éire
IL ISR Asia/Jerusalem Israel
IM IMN Europe/Isle_of_Man Isle of Man|Insel Man
IN IND Asia/Kolkata India|Indien
IO IOT Indian/Chagos British Indian Ocean Territory|Britisches Territorium im Indischen Ozean
IQ IRQ Asia/Baghdad Iraq|Irak
IR IRN Asia/Tehran Iran|Iran, Islamic Republic of|Islamic Republic of Iran
IS ISL Atlantic/Reykjavik Iceland|Island
IT ITA Europe/Rome Italy|Italien|Italia
JE JEY Europe/Jersey Jersey
JM JAM America/Jamaica Jamaica|Jamaika
JO JOR Asia/Amman Jordan|Jordanien
JP JPN Asia/Tokyo Japan
KE KEN Africa/Nairobi Kenya|Kenia
KG KGZ Asia/Bishkek Kyrgyzstan|Kirgisistan|Kirgistan
KH KHM Asia/Phnom_Penh Cambodia|Kambodscha
KI KIR Pacific/Tarawa Kiribati
KM COM Indian/Comoro Comoros|Komoren
KN KNA America/St_Kitts Saint Kitts and Nevis|St. Kitts and Nevis|St. Kitts und Nevis
KP PRK Asia/Pyongyang North Korea|Nordkorea|Korea, Democratic People's Republic of
KR KOR Asia/Seoul South Korea|Südkorea|Korea|Republic of Korea|Korea, Republic of|Republik Korea
KW KWT Asia/Kuwait Kuwait
KY CYM America/Cayman Cayman Islands|Kaimaninseln|Cayman-Inseln
KZ KAZ Asia/Almaty Kazakhstan|Kasachstan
LA LAO Asia/Vientiane Laos|Lao People's Democratic Republic
LB LBN Asia/Beirut Lebanon|Libanon
LC LCA America/St_Lucia Saint Lucia|St. Lucia
LI LIE Europe/Vaduz Liechtenstein
LK LKA Asia/Colombo Sri Lanka
LR LBR Africa/Monrovia Liberia
LS LSO Africa/Maseru Lesotho
LT LTU Europe/Vilnius Lithuania|Litauen
LU LUX Europe/Luxembourg Luxembourg|Luxemburg
LV LVA Europe/Riga Latvia|Lettland
LY LBY Africa/Tripoli Libya|Libyen
MA MAR Africa/Casablanca Morocco|Marokko
MC MCO Europe/Monaco Monaco
MD MDA Europe/Chisinau Moldova|Moldawien|Moldau|Republik Moldau|Moldova, Republic of|Republic of Moldova
ME MNE Europe/Podgorica Montenegro
MF MAF America/Marigot Saint Martin|St. Martin|Saint Martin (French part)
MG MDG Indian/Antananarivo Madagascar|Madagaskar
MH MHL Pacific/Majuro Marshall Islands|Marshallinseln
MK MKD Europe/Skopje North Macedonia|Nordmazedonien|Macedonia|Mazedonien
ML MLI Africa/Bamako Mali
MM MMR Asia/Yangon Myanmar|Burma|Birma
MN MNG Asia/Ulaanbaatar Mongolia|Mongolei
MO MAC Asia/Macau Macau|Macao
MP MNP Pacific/Saipan Northern Mariana Islands|Nördliche Marianen
MQ MTQ America/Martinique Martinique
MR MRT Africa/Nouakchott Mauritania|Mauretanien
MS MSR America/Montserrat Montserrat
MT MLT Europe/Malta Malta
MU MUS Indian/Mauritius Mauritius
MV MDV Indian/Maldives Maldives|Malediven
MW MWI Africa/Blantyre Malawi
MX MEX America/Mexico_City Mexico|Mexiko|México
MY MYS Asia/Kuala_Lumpur Malaysia
MZ MOZ Africa/Maputo Mozambique|Mosambik
NA NAM Africa/Windhoek Namibia
NC NCL Pacific/Noumea New Caledonia|Neukaledonien
NE NER Africa/Niamey Niger
NF NFK Pacific/Norfolk Norfolk Island|Norfolkinsel
NG NGA Africa/Lagos Nigeria
NI NIC America/Managua Nicaragua
NL NLD Europe/Amsterdam Netherlands|Niederlande|Holland|Nederland|Kingdom of the Netherlands
NO NOR Europe/Oslo Norway|Norwegen|Norge
NP NPL Asia/Kathmandu Nepal
NR NRU Pacific/Nauru Nauru
NU NIU Pacific/Niue Niue
NZ NZL Pacific/Auckland New Zealand|Neuseeland
OM OMN Asia/Muscat Oman
PA PAN America/Panama Panama
PE PER America/Lima Peru
PF PYF Pacific/Tahiti French Polynesia|Französisch-Polynesien
PG PNG Pacific/Port_Moresby Papua New Guinea|Papua-Neuguinea
PH PHL Asia/Manila Philippines|Philippinen
PK PAK Asia/Karachi Pakistan
PL POL Europe/Warsaw Poland|Polen|Polska
PM SPM America/Miquelon Saint Pierre and Miquelon|Saint-Pierre und Miquelon|St. Pierre and Miquelon
PN PCN Pacific/Pitcairn Pitcairn|Pitcairn Islands|Pitcairninseln
PR PRI America/Puerto_Rico Puerto Rico
PS PSE Asia/Hebron Palestine|Palästina|State of Palestine|Palestinian Territories|Palästinensische Gebiete
PT PRT Europe/Lisbon Portugal
PW PLW Pacific/Palau Palau
PY PRY America/Asuncion Paraguay
QA QAT Asia/Qatar Qatar|Katar
RE REU Indian/Reunion Réunion
RO ROU Europe/Bucharest Romania|Rumänien
RS SRB Europe/Belgrade Serbia|Serbien
RU RUS Europe/Moscow Russia|Russland|Russian Federation|Russische Föderation
RW RWA Africa/Kigali Rwanda|Ruanda
SA SAU Asia/Riyadh Saudi Arabia|Saudi-Arabien|KSA
SB SLB Pacific/Guadalcanal Solomon Islands|Salomonen
SC SYC Indian/Mahe Seychelles|Seychellen
SD SDN Africa/Khartoum Sudan
SE SWE Europe/Stockholm Sweden|Schweden|Sverige
SG SGP Asia/Singapore Singapore|Singapur
SH SHN Atlantic/St_Helena Saint Helena|St. Helena|Saint Helena, Ascension and Tristan da Cunha
SI SVN Europe/Ljubljana Slovenia|Slowenien
SJ SJM Arctic/Longyearbyen Svalbard and Jan Mayen|Svalbard und Jan Mayen|Svalbard|Spitzbergen
SK SVK Europe/Bratislava Slovakia|Slowakei|Slovak Republic|Slowakische Republik
SL SLE Africa/Freetown Sierra Leone
SM SMR Europe/San_Marino San Marino
SN SEN Africa/Dakar Senegal
SO SOM Africa/Mogadishu Somalia
SR SUR America/Paramaribo Suriname|Surinam
SS SSD Africa/Juba South Sudan|Südsudan
ST STP Africa/Sao_Tome Sao Tome and Principe|São Tomé und Príncipe
SV SLV America/El_Salvador El Salvador
SX SXM America/Lower_Princes Sint Maarten|Sint Maarten (Dutch part)
SY SYR Asia/Damascus Syria|Syrien|Syrian Arab Republic
SZ SWZ Africa/Mbabane Eswatini|Swaziland|Swasiland
TC TCA America/Grand_Turk Turks and Caicos Islands|Turks- und Caicosinseln
TD TCD Africa/Ndjamena Chad|Tschad
TF ATF Indian/Kerguelen French Southern Territories|Französische Süd- und Antarktisgebiete
TG TGO Africa/Lome Togo
TH THA Asia/Bangkok Thailand
TJ TJK Asia/Dushanbe Tajikistan|Tadschikistan
TK TKL Pacific/Fakaofo Tokelau
TL TLS Asia/Dili East Timor|Timor-Leste|Osttimor
TM TKM Asia/Ashgabat Turkmenistan
TN TUN Africa/Tunis Tunisia|Tunesien
TO TON Pacific/Tongatapu Tonga
TR TUR Europe/Istanbul Turkey|Türkei|Türkiye
TT TTO America/Port_of_Spain Trinidad and Tobago|Trinidad und Tobago
TV TUV Pacific/Funafuti Tuvalu
TW TWN Asia/Taipei Taiwan|Taiwan, Province of China
TZ TZA Africa/Dar_es_Salaam Tanzania|Tansania|Tanzania, United Republic of|United Republic of Tanzania
UA UKR Europe/Kyiv Ukraine
UG UGA Africa/Kampala Uganda
UM UMI - United States Minor Outlying Islands|US Minor Outlying Islands
US USA America/New_York United States|Vereinigte Staaten|United States of America
US USA America/New_York Vereinigte Staaten von Amerika|U.S.|U.S.A.
UY URY America/Montevideo Uruguay
UZ UZB Asia/Tashkent Uzbekistan|Usbekistan
VA VAT Europe/Vatican Vatican City|Vatikanstadt|Vatican|Vatikan|Holy See|Heiliger Stuhl|Holy See (Vatican City State)
VC VCT America/St_Vincent Saint Vincent and the Grenadines|St. Vincent and the Grenadines|St. Vincent und die Grenadinen
VE VEN America/Caracas Venezuela|Venezuela, Bolivarian Republic of
VG VGB America/Tortola British Virgin Islands|Britische Jungferninseln|Virgin Islands, British
VI VIR America/St_Thomas U.S. Virgin Islands|Amerikanische Jungferninseln|US Virgin Islands|Virgin Islands, U.S.
VN VNM Asia/Ho_Chi_Minh Vietnam|Viet Nam
VU VUT Pacific/Efate Vanuatu
WF WLF Pacific/Wallis Wallis and Futuna|Wallis und Futuna
WS WSM Pacific/Apia Samoa
XK XKX Europe/Belgrade Kosovo
YE YEM Asia/Aden Yemen|Jemen
YT MYT Indian/Mayotte Mayotte
ZA ZAF Africa/Johannesburg South Africa|Südafrika|RSA
ZM ZMB Africa/Lusaka Zambia|Sambia
ZW ZWE Africa/Harare Zimbabwe|Simbabwe
"""

_ROWS = tuple(line.split(" ", 3) for line in _TABLE.splitlines())
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})
_NOISE = re.compile(r"[\W_]+")


def _key(text: str) -> str:
    """Words of letters and digits, without case, accents or a leading article; `n/a` and `n.a.` are not Namibia."""
    bare = unicodedata.normalize("NFKD", text.casefold().replace("&", " and "))
    words = _NOISE.sub(" ", "".join(char for char in bare if not unicodedata.combining(char))).split()
    return " ".join(words[1:] if words[:1] == ["the"] else words)


def _spellings() -> Iterator[tuple[str, str]]:
    for code, alpha3, _, names in _ROWS:
        for name in (code, alpha3, *names.split("|")):
            yield _key(name), code
            yield _key(name.translate(_UMLAUTS)), code


_CODES: Mapping[str, str] = MappingProxyType(dict(_spellings()))

CAPITAL_ZONES: Mapping[str, str] = MappingProxyType({code: zone for code, _, zone, _ in _ROWS if zone != "-"})


def country_code(text: str) -> str:
    """ISO 3166-1 alpha-2 for a code or an English or German name, in any case; "" when the text names no country."""
    return _CODES.get(_key(text), "")
