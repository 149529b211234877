"""IANA time zones by their rule (POSIX TZ, RFC 8536 section 3.3). Written by tests/make_zone_table.py, not by hand."""

# left out, because their rule alone does not give the next years: America/Havana Factory Cuba
VERSION = "2026f"
ZONES = {
    "<+00>0": (
        "Africa/Casablanca Africa/El_Aaiun"
    ),
    "<+00>0<+02>-2,M3.5.0/1,M10.5.0/3": (
        "Antarctica/Troll"
    ),
    "<+01>-1": (
        "Etc/GMT-1"
    ),
    "<+02>-2": (
        "Etc/GMT-2"
    ),
    "<+0330>-3:30": (
        "Asia/Tehran Iran"
    ),
    "<+03>-3": (
        "Asia/Amman Asia/Baghdad Asia/Damascus Asia/Qatar "
        "Asia/Riyadh Etc/GMT-3 Europe/Istanbul Europe/Minsk "
        "Turkey Antarctica/Syowa Asia/Aden Asia/Bahrain "
        "Asia/Kuwait Asia/Istanbul"
    ),
    "<+0430>-4:30": (
        "Asia/Kabul"
    ),
    "<+04>-4": (
        "Asia/Baku Asia/Dubai Asia/Tbilisi Asia/Yerevan "
        "Etc/GMT-4 Europe/Astrakhan Europe/Samara Europe/Saratov "
        "Europe/Ulyanovsk Indian/Mauritius Asia/Muscat Indian/Mahe "
        "Indian/Reunion"
    ),
    "<+0530>-5:30": (
        "Asia/Colombo"
    ),
    "<+0545>-5:45": (
        "Asia/Kathmandu Asia/Katmandu"
    ),
    "<+05>-5": (
        "Antarctica/Mawson Antarctica/Vostok Asia/Almaty Asia/Aqtau "
        "Asia/Aqtobe Asia/Ashgabat Asia/Atyrau Asia/Dushanbe "
        "Asia/Oral Asia/Qostanay Asia/Qyzylorda Asia/Samarkand "
        "Asia/Tashkent Asia/Yekaterinburg Etc/GMT-5 Indian/Maldives "
        "Indian/Kerguelen Asia/Ashkhabad"
    ),
    "<+0630>-6:30": (
        "Asia/Yangon Indian/Cocos Asia/Rangoon"
    ),
    "<+06>-6": (
        "Asia/Bishkek Asia/Dhaka Asia/Omsk Asia/Thimphu "
        "Asia/Urumqi Etc/GMT-6 Indian/Chagos Asia/Kashgar "
        "Asia/Dacca Asia/Thimbu"
    ),
    "<+07>-7": (
        "Antarctica/Davis Asia/Bangkok Asia/Barnaul Asia/Ho_Chi_Minh "
        "Asia/Hovd Asia/Krasnoyarsk Asia/Novokuznetsk Asia/Novosibirsk "
        "Asia/Tomsk Etc/GMT-7 Asia/Phnom_Penh Asia/Vientiane "
        "Indian/Christmas Asia/Saigon"
    ),
    "<+0845>-8:45": (
        "Australia/Eucla"
    ),
    "<+08>-8": (
        "Antarctica/Casey Asia/Irkutsk Asia/Kuching Asia/Singapore "
        "Asia/Ulaanbaatar Etc/GMT-8 Singapore Asia/Brunei "
        "Asia/Kuala_Lumpur Asia/Choibalsan Asia/Ulan_Bator"
    ),
    "<+09>-9": (
        "Asia/Chita Asia/Dili Asia/Khandyga Asia/Yakutsk "
        "Etc/GMT-9 Pacific/Palau"
    ),
    "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0": (
        "Australia/Lord_Howe Australia/LHI"
    ),
    "<+10>-10": (
        "Asia/Ust-Nera Asia/Vladivostok Etc/GMT-10 Pacific/Port_Moresby "
        "Antarctica/DumontDUrville Pacific/Chuuk Pacific/Yap Pacific/Truk"
    ),
    "<+11>-11": (
        "Asia/Magadan Asia/Sakhalin Asia/Srednekolymsk Etc/GMT-11 "
        "Pacific/Bougainville Pacific/Efate Pacific/Guadalcanal Pacific/Kosrae "
        "Pacific/Noumea Pacific/Pohnpei Pacific/Ponape"
    ),
    "<+11>-11<+12>,M10.1.0,M4.1.0/3": (
        "Pacific/Norfolk"
    ),
    "<+1245>-12:45<+1345>,M9.5.0/2:45,M4.1.0/3:45": (
        "Pacific/Chatham NZ-CHAT"
    ),
    "<+12>-12": (
        "Asia/Anadyr Asia/Kamchatka Etc/GMT-12 Pacific/Fiji "
        "Pacific/Kwajalein Pacific/Nauru Pacific/Tarawa Kwajalein "
        "Pacific/Funafuti Pacific/Majuro Pacific/Wake Pacific/Wallis"
    ),
    "<+13>-13": (
        "Etc/GMT-13 Pacific/Apia Pacific/Fakaofo Pacific/Kanton "
        "Pacific/Tongatapu Pacific/Enderbury"
    ),
    "<+14>-14": (
        "Etc/GMT-14 Pacific/Kiritimati"
    ),
    "<-01>1": (
        "Atlantic/Cape_Verde Etc/GMT+1"
    ),
    "<-01>1<+00>,M3.5.0/0,M10.5.0/1": (
        "Atlantic/Azores"
    ),
    "<-02>2": (
        "America/Noronha Atlantic/South_Georgia Etc/GMT+2 Brazil/DeNoronha"
    ),
    "<-02>2<-01>,M3.5.0/-1,M10.5.0/0": (
        "America/Nuuk America/Scoresbysund America/Godthab"
    ),
    "<-03>3": (
        "America/Araguaina America/Argentina/Buenos_Aires America/Argentina/Catamarca America/Argentina/Cordoba "
        "America/Argentina/Jujuy America/Argentina/La_Rioja America/Argentina/Mendoza America/Argentina/Rio_Gallegos "
        "America/Argentina/Salta America/Argentina/San_Juan America/Argentina/San_Luis America/Argentina/Tucuman "
        "America/Argentina/Ushuaia America/Asuncion America/Bahia America/Belem "
        "America/Cayenne America/Coyhaique America/Fortaleza America/Maceio "
        "America/Montevideo America/Paramaribo America/Punta_Arenas America/Recife "
        "America/Santarem America/Sao_Paulo Antarctica/Palmer Antarctica/Rothera "
        "Atlantic/Stanley Etc/GMT+3 Brazil/East America/Buenos_Aires "
        "America/Catamarca America/Cordoba America/Jujuy America/Mendoza "
        "America/Argentina/ComodRivadavia America/Rosario"
    ),
    "<-03>3<-02>,M3.2.0,M11.1.0": (
        "America/Miquelon"
    ),
    "<-04>4": (
        "America/Boa_Vista America/Campo_Grande America/Caracas America/Cuiaba "
        "America/Guyana America/La_Paz America/Manaus America/Porto_Velho "
        "Etc/GMT+4 Brazil/West"
    ),
    "<-04>4<-03>,M9.1.6/24,M4.1.6/24": (
        "America/Santiago Chile/Continental"
    ),
    "<-05>5": (
        "America/Bogota America/Eirunepe America/Guayaquil America/Lima "
        "America/Rio_Branco Etc/GMT+5 Brazil/Acre America/Porto_Acre"
    ),
    "<-06>6": (
        "Etc/GMT+6 Pacific/Galapagos"
    ),
    "<-06>6<-05>,M9.1.6/22,M4.1.6/22": (
        "Pacific/Easter Chile/EasterIsland"
    ),
    "<-07>7": (
        "Etc/GMT+7"
    ),
    "<-08>8": (
        "Etc/GMT+8 Pacific/Pitcairn"
    ),
    "<-0930>9:30": (
        "Pacific/Marquesas"
    ),
    "<-09>9": (
        "Etc/GMT+9 Pacific/Gambier"
    ),
    "<-10>10": (
        "Etc/GMT+10 Pacific/Rarotonga Pacific/Tahiti"
    ),
    "<-11>11": (
        "Etc/GMT+11 Pacific/Niue"
    ),
    "<-12>12": (
        "Etc/GMT+12"
    ),
    "ACST-9:30": (
        "Australia/Darwin Australia/North"
    ),
    "ACST-9:30ACDT,M10.1.0,M4.1.0/3": (
        "Australia/Adelaide Australia/Broken_Hill Australia/South Australia/Yancowinna"
    ),
    "AEST-10": (
        "Australia/Brisbane Australia/Lindeman Australia/Queensland"
    ),
    "AEST-10AEDT,M10.1.0,M4.1.0/3": (
        "Antarctica/Macquarie Australia/Hobart Australia/Melbourne Australia/Sydney "
        "Australia/ACT Australia/NSW Australia/Tasmania Australia/Victoria "
        "Australia/Canberra Australia/Currie"
    ),
    "AKST9AKDT,M3.2.0,M11.1.0": (
        "America/Anchorage America/Juneau America/Metlakatla America/Nome "
        "America/Sitka America/Yakutat US/Alaska"
    ),
    "AST4": (
        "America/Barbados America/Martinique America/Puerto_Rico America/Santo_Domingo "
        "America/Virgin America/Anguilla America/Antigua America/Aruba "
        "America/Blanc-Sablon America/Curacao America/Dominica America/Grenada "
        "America/Guadeloupe America/Kralendijk America/Lower_Princes America/Marigot "
        "America/Montserrat America/Port_of_Spain America/St_Barthelemy America/St_Kitts "
        "America/St_Lucia America/St_Thomas America/St_Vincent America/Tortola"
    ),
    "AST4ADT,M3.2.0,M11.1.0": (
        "America/Glace_Bay America/Goose_Bay America/Halifax America/Moncton "
        "America/Thule Atlantic/Bermuda Canada/Atlantic"
    ),
    "AWST-8": (
        "Australia/Perth Australia/West"
    ),
    "CAT-2": (
        "Africa/Juba Africa/Khartoum Africa/Maputo Africa/Windhoek "
        "Africa/Blantyre Africa/Bujumbura Africa/Gaborone Africa/Harare "
        "Africa/Kigali Africa/Lubumbashi Africa/Lusaka"
    ),
    "CET-1": (
        "Africa/Algiers Africa/Tunis"
    ),
    "CET-1CEST,M3.5.0,M10.5.0/3": (
        "Africa/Ceuta Europe/Andorra Europe/Belgrade Europe/Berlin "
        "Europe/Brussels Europe/Budapest Europe/Gibraltar Europe/Madrid "
        "Europe/Malta Europe/Paris Europe/Prague Europe/Rome "
        "Europe/Tirane Europe/Vienna Europe/Warsaw Europe/Zurich "
        "CET MET Poland Arctic/Longyearbyen "
        "Europe/Amsterdam Europe/Bratislava Europe/Busingen Europe/Copenhagen "
        "Europe/Ljubljana Europe/Luxembourg Europe/Monaco Europe/Oslo "
        "Europe/Podgorica Europe/San_Marino Europe/Sarajevo Europe/Skopje "
        "Europe/Stockholm Europe/Vaduz Europe/Vatican Europe/Zagreb "
        "Atlantic/Jan_Mayen"
    ),
    "CST-8": (
        "Asia/Macau Asia/Shanghai Asia/Taipei PRC "
        "ROC Asia/Chongqing Asia/Harbin Asia/Chungking "
        "Asia/Macao"
    ),
    "CST6": (
        "America/Bahia_Banderas America/Belize America/Chihuahua America/Costa_Rica "
        "America/Edmonton America/El_Salvador America/Guatemala America/Inuvik "
        "America/Managua America/Merida America/Mexico_City America/Monterrey "
        "America/Regina America/Swift_Current America/Tegucigalpa Canada/Mountain "
        "Canada/Saskatchewan Mexico/General America/Yellowknife"
    ),
    "CST6CDT,M3.2.0,M11.1.0": (
        "America/Chicago America/Indiana/Knox America/Indiana/Tell_City America/Matamoros "
        "America/Menominee America/North_Dakota/Beulah America/North_Dakota/Center America/North_Dakota/New_Salem "
        "America/Ojinaga America/Rankin_Inlet America/Resolute CST6CDT "
        "US/Central US/Indiana-Starke America/Knox_IN"
    ),
    "ChST-10": (
        "Pacific/Guam Pacific/Saipan"
    ),
    "EAT-3": (
        "Africa/Nairobi Africa/Addis_Ababa Africa/Asmara Africa/Dar_es_Salaam "
        "Africa/Djibouti Africa/Kampala Africa/Mogadishu Indian/Antananarivo "
        "Indian/Comoro Indian/Mayotte Africa/Asmera"
    ),
    "EET-2": (
        "Africa/Tripoli Europe/Kaliningrad Libya"
    ),
    "EET-2EEST,M3.4.4/50,M10.4.4/50": (
        "Asia/Gaza Asia/Hebron"
    ),
    "EET-2EEST,M3.5.0/0,M10.5.0/0": (
        "Asia/Beirut"
    ),
    "EET-2EEST,M3.5.0/3,M10.5.0/4": (
        "Asia/Famagusta Asia/Nicosia Europe/Athens Europe/Bucharest "
        "Europe/Chisinau Europe/Helsinki Europe/Kyiv Europe/Riga "
        "Europe/Sofia Europe/Tallinn Europe/Vilnius EET "
        "Europe/Mariehamn Europe/Tiraspol Europe/Uzhgorod Europe/Zaporozhye "
        "Europe/Kiev Europe/Nicosia"
    ),
    "EET-2EEST,M4.5.5/0,M10.5.4/24": (
        "Africa/Cairo Egypt"
    ),
    "EST5": (
        "America/Cancun America/Jamaica America/Panama America/Winnipeg "
        "Canada/Central EST Jamaica America/Atikokan "
        "America/Cayman America/Coral_Harbour America/Rainy_River"
    ),
    "EST5EDT,M3.2.0,M11.1.0": (
        "America/Detroit America/Grand_Turk America/Indiana/Indianapolis America/Indiana/Marengo "
        "America/Indiana/Petersburg America/Indiana/Vevay America/Indiana/Vincennes America/Indiana/Winamac "
        "America/Iqaluit America/Kentucky/Louisville America/Kentucky/Monticello America/New_York "
        "America/Port-au-Prince America/Toronto EST5EDT Canada/Eastern "
        "US/East-Indiana US/Eastern US/Michigan America/Indianapolis "
        "America/Louisville America/Nassau America/Fort_Wayne America/Montreal "
        "America/Nipigon America/Pangnirtung America/Thunder_Bay"
    ),
    "GMT0": (
        "Africa/Abidjan Africa/Bissau Africa/Monrovia Africa/Sao_Tome "
        "America/Danmarkshavn Etc/GMT GMT Etc/GMT+0 "
        "Etc/GMT-0 Etc/GMT0 Etc/Greenwich GMT+0 "
        "GMT-0 GMT0 Greenwich Iceland "
        "Africa/Accra Africa/Bamako Africa/Banjul Africa/Conakry "
        "Africa/Dakar Africa/Freetown Africa/Lome Africa/Nouakchott "
        "Africa/Ouagadougou Atlantic/Reykjavik Atlantic/St_Helena Africa/Timbuktu"
    ),
    "GMT0BST,M3.5.0/1,M10.5.0": (
        "Europe/London GB GB-Eire Europe/Guernsey "
        "Europe/Isle_of_Man Europe/Jersey Europe/Belfast"
    ),
    "HKT-8": (
        "Asia/Hong_Kong Hongkong"
    ),
    "HST10": (
        "Pacific/Honolulu US/Hawaii Pacific/Johnston HST"
    ),
    "HST10HDT,M3.2.0,M11.1.0": (
        "America/Adak US/Aleutian America/Atka"
    ),
    "IST-1GMT0,M10.5.0,M3.5.0/1": (
        "Europe/Dublin Eire"
    ),
    "IST-2IDT,M3.4.4/26,M10.5.0": (
        "Asia/Jerusalem Israel Asia/Tel_Aviv"
    ),
    "IST-5:30": (
        "Asia/Kolkata Asia/Calcutta"
    ),
    "JST-9": (
        "Asia/Tokyo Japan"
    ),
    "KST-9": (
        "Asia/Pyongyang Asia/Seoul ROK"
    ),
    "MSK-3": (
        "Europe/Kirov Europe/Moscow Europe/Simferopol Europe/Volgograd "
        "W-SU"
    ),
    "MST7": (
        "America/Dawson America/Dawson_Creek America/Fort_Nelson America/Hermosillo "
        "America/Mazatlan America/Phoenix America/Vancouver America/Whitehorse "
        "Canada/Pacific Canada/Yukon MST Mexico/BajaSur "
        "US/Arizona America/Creston"
    ),
    "MST7MDT,M3.2.0,M11.1.0": (
        "America/Boise America/Cambridge_Bay America/Ciudad_Juarez America/Denver "
        "MST7MDT Navajo US/Mountain America/Shiprock"
    ),
    "NST3:30NDT,M3.2.0,M11.1.0": (
        "America/St_Johns Canada/Newfoundland"
    ),
    "NZST-12NZDT,M9.5.0,M4.1.0/3": (
        "Pacific/Auckland NZ Antarctica/McMurdo Antarctica/South_Pole"
    ),
    "PKT-5": (
        "Asia/Karachi"
    ),
    "PST-8": (
        "Asia/Manila"
    ),
    "PST8PDT,M3.2.0,M11.1.0": (
        "America/Los_Angeles America/Tijuana PST8PDT Mexico/BajaNorte "
        "US/Pacific America/Ensenada America/Santa_Isabel"
    ),
    "SAST-2": (
        "Africa/Johannesburg Africa/Maseru Africa/Mbabane"
    ),
    "SST11": (
        "Pacific/Pago_Pago US/Samoa Pacific/Samoa Pacific/Midway"
    ),
    "UTC0": (
        "Etc/UTC Etc/UCT Etc/Universal Etc/Zulu "
        "UCT UTC Universal Zulu"
    ),
    "WAT-1": (
        "Africa/Lagos Africa/Ndjamena Africa/Bangui Africa/Brazzaville "
        "Africa/Douala Africa/Kinshasa Africa/Libreville Africa/Luanda "
        "Africa/Malabo Africa/Niamey Africa/Porto-Novo"
    ),
    "WET0WEST,M3.5.0/1,M10.5.0": (
        "Atlantic/Canary Atlantic/Faroe Atlantic/Madeira Europe/Lisbon "
        "Portugal WET Atlantic/Faeroe"
    ),
    "WIB-7": (
        "Asia/Jakarta Asia/Pontianak"
    ),
    "WIT-9": (
        "Asia/Jayapura"
    ),
    "WITA-8": (
        "Asia/Makassar Asia/Ujung_Pandang"
    ),
}
# the local day from which each has held; the rest since 2000 at least
SINCE = {
    name: day
    for day, names in (
        ("2000-09-17", (
            "Asia/Dili"
        )),
        ("2000-10-16", (
            "America/Boa_Vista"
        )),
        ("2000-10-30", (
            "Europe/Riga"
        )),
        ("2000-12-04", (
            "America/Santo_Domingo"
        )),
        ("2001-10-29", (
            "Europe/Tallinn"
        )),
        ("2002-02-18", (
            "America/Fortaleza America/Maceio America/Noronha America/Recife "
            "Brazil/DeNoronha"
        )),
        ("2002-10-28", (
            "Europe/Vilnius"
        )),
        ("2004-03-28", (
            "Asia/Aqtau Asia/Atyrau Asia/Oral"
        )),
        ("2004-10-31", (
            "Asia/Aqtobe"
        )),
        ("2004-11-01", (
            "Antarctica/Troll"
        )),
        ("2005-03-27", (
            "Asia/Bishkek Asia/Tbilisi"
        )),
        ("2006-04-15", (
            "Asia/Colombo"
        )),
        ("2006-08-08", (
            "America/Tegucigalpa"
        )),
        ("2006-10-02", (
            "America/Guatemala America/Managua"
        )),
        ("2006-11-06", (
            "America/Adak America/Anchorage America/Boise America/Cambridge_Bay "
            "America/Chicago America/Denver America/Detroit America/Glace_Bay "
            "America/Goose_Bay America/Halifax America/Indiana/Indianapolis America/Indiana/Knox "
            "America/Indiana/Marengo America/Indiana/Tell_City America/Indiana/Vevay America/Iqaluit "
            "America/Juneau America/Kentucky/Louisville America/Kentucky/Monticello America/Los_Angeles "
            "America/Menominee America/Miquelon America/Moncton America/New_York "
            "America/Nome America/North_Dakota/Center America/North_Dakota/New_Salem America/Rankin_Inlet "
            "America/Sitka America/St_Johns America/Thule America/Toronto "
            "America/Yakutat Atlantic/Bermuda CST6CDT EST5EDT "
            "MST7MDT PST8PDT Canada/Atlantic Canada/Eastern "
            "Canada/Newfoundland Navajo US/Alaska US/Aleutian "
            "US/Central US/East-Indiana US/Eastern US/Indiana-Starke "
            "US/Michigan US/Mountain US/Pacific America/Indianapolis "
            "America/Knox_IN America/Louisville America/Nassau America/Atka "
            "America/Fort_Wayne America/Montreal America/Nipigon America/Pangnirtung "
            "America/Shiprock America/Thunder_Bay"
        )),
        ("2007-03-12", (
            "America/Indiana/Winamac America/Resolute"
        )),
        ("2007-04-01", (
            "Australia/Hobart Pacific/Auckland Pacific/Chatham Australia/Tasmania "
            "NZ NZ-CHAT Antarctica/McMurdo Antarctica/South_Pole "
            "Australia/Currie"
        )),
        ("2007-10-01", (
            "Asia/Baghdad"
        )),
        ("2007-10-28", (
            "Australia/Adelaide Australia/Broken_Hill Australia/Lord_Howe Australia/Melbourne "
            "Australia/Sydney Australia/ACT Australia/LHI Australia/NSW "
            "Australia/South Australia/Victoria Australia/Yancowinna Australia/Canberra"
        )),
        ("2007-11-05", (
            "America/Indiana/Petersburg America/Indiana/Vincennes"
        )),
        ("2008-03-17", (
            "America/Argentina/Catamarca America/Argentina/Jujuy America/Argentina/La_Rioja America/Argentina/Mendoza "
            "America/Argentina/Rio_Gallegos America/Argentina/Salta America/Argentina/San_Juan America/Argentina/Ushuaia "
            "America/Catamarca America/Jujuy America/Mendoza America/Argentina/ComodRivadavia"
        )),
        ("2008-06-25", (
            "America/Santarem"
        )),
        ("2008-10-27", (
            "Africa/Tunis"
        )),
        ("2009-03-16", (
            "America/Argentina/Buenos_Aires America/Argentina/Cordoba America/Argentina/Tucuman America/Buenos_Aires "
            "America/Cordoba America/Rosario"
        )),
        ("2009-03-29", (
            "Australia/Eucla Australia/Perth Indian/Mauritius Australia/West"
        )),
        ("2009-10-12", (
            "America/Argentina/San_Luis"
        )),
        ("2009-10-18", (
            "Antarctica/Mawson"
        )),
        ("2009-11-01", (
            "Asia/Karachi"
        )),
        ("2009-11-02", (
            "America/Matamoros America/Tijuana Mexico/BajaNorte America/Ensenada "
            "America/Santa_Isabel"
        )),
        ("2010-01-01", (
            "Asia/Dhaka Asia/Dacca"
        )),
        ("2010-09-06", (
            "Atlantic/Stanley"
        )),
        ("2010-10-03", (
            "Antarctica/Macquarie"
        )),
        ("2010-11-08", (
            "America/North_Dakota/Beulah"
        )),
        ("2011-03-27", (
            "Asia/Anadyr Asia/Kamchatka Asia/Novokuznetsk Europe/Minsk "
            "Europe/Samara"
        )),
        ("2011-10-30", (
            "Asia/Yerevan"
        )),
        ("2011-12-31", (
            "Pacific/Fakaofo"
        )),
        ("2012-02-22", (
            "Antarctica/Davis"
        )),
        ("2012-02-27", (
            "America/Bahia"
        )),
        ("2012-10-28", (
            "Asia/Jerusalem Israel Asia/Tel_Aviv"
        )),
        ("2013-02-18", (
            "America/Araguaina"
        )),
        ("2013-03-29", (
            "Africa/Tripoli Libya"
        )),
        ("2013-11-11", (
            "America/Eirunepe America/Rio_Branco Brazil/Acre America/Porto_Acre"
        )),
        ("2014-10-26", (
            "Asia/Irkutsk Asia/Khandyga Asia/Krasnoyarsk Asia/Omsk "
            "Asia/Srednekolymsk Asia/Ust-Nera Asia/Vladivostok Asia/Yakutsk "
            "Asia/Yekaterinburg Europe/Kaliningrad Europe/Kirov Europe/Moscow "
            "Europe/Simferopol W-SU"
        )),
        ("2014-12-28", (
            "Pacific/Bougainville"
        )),
        ("2015-02-02", (
            "America/Cancun"
        )),
        ("2015-03-09", (
            "America/Fort_Nelson America/Montevideo"
        )),
        ("2015-10-25", (
            "Asia/Baku"
        )),
        ("2016-03-27", (
            "Asia/Barnaul Asia/Chita Asia/Sakhalin Europe/Astrakhan "
            "Europe/Ulyanovsk"
        )),
        ("2016-03-28", (
            "Europe/Istanbul Turkey Asia/Istanbul"
        )),
        ("2016-04-24", (
            "Asia/Magadan"
        )),
        ("2016-05-02", (
            "America/Caracas"
        )),
        ("2016-05-29", (
            "Asia/Tomsk"
        )),
        ("2016-07-24", (
            "Asia/Novosibirsk"
        )),
        ("2016-08-15", (
            "America/Punta_Arenas Antarctica/Palmer"
        )),
        ("2016-09-24", (
            "Asia/Hovd Asia/Ulaanbaatar Asia/Choibalsan Asia/Ulan_Bator"
        )),
        ("2016-11-07", (
            "America/Port-au-Prince"
        )),
        ("2016-12-04", (
            "Europe/Saratov"
        )),
        ("2017-01-15", (
            "Pacific/Tongatapu"
        )),
        ("2017-03-27", (
            "Asia/Famagusta"
        )),
        ("2017-09-04", (
            "Africa/Windhoek"
        )),
        ("2017-11-01", (
            "Africa/Khartoum"
        )),
        ("2018-03-12", (
            "America/Grand_Turk"
        )),
        ("2018-05-05", (
            "Asia/Pyongyang"
        )),
        ("2018-12-21", (
            "Asia/Qyzylorda"
        )),
        ("2019-01-02", (
            "Africa/Sao_Tome"
        )),
        ("2019-01-21", (
            "America/Metlakatla"
        )),
        ("2019-02-18", (
            "America/Campo_Grande America/Cuiaba America/Sao_Paulo Brazil/East"
        )),
        ("2019-04-07", (
            "Pacific/Norfolk"
        )),
        ("2020-03-09", (
            "America/Dawson America/Whitehorse Canada/Yukon"
        )),
        ("2020-12-27", (
            "Europe/Volgograd"
        )),
        ("2021-01-17", (
            "Pacific/Fiji"
        )),
        ("2021-02-01", (
            "Africa/Juba"
        )),
        ("2021-04-04", (
            "Pacific/Apia"
        )),
        ("2021-11-01", (
            "Europe/Chisinau Europe/Tiraspol"
        )),
        ("2022-02-25", (
            "Asia/Amman"
        )),
        ("2022-03-25", (
            "Asia/Damascus"
        )),
        ("2022-04-04", (
            "America/Chihuahua"
        )),
        ("2022-09-12", (
            "America/Santiago Pacific/Easter Chile/Continental Chile/EasterIsland"
        )),
        ("2022-09-22", (
            "Asia/Tehran Iran"
        )),
        ("2022-10-28", (
            "Africa/Cairo Egypt"
        )),
        ("2022-10-31", (
            "America/Bahia_Banderas America/Mazatlan America/Merida America/Mexico_City "
            "America/Monterrey Mexico/BajaSur Mexico/General"
        )),
        ("2022-11-07", (
            "America/Ojinaga"
        )),
        ("2022-12-01", (
            "America/Ciudad_Juarez"
        )),
        ("2023-03-09", (
            "Antarctica/Casey"
        )),
        ("2023-10-30", (
            "America/Nuuk America/Godthab"
        )),
        ("2023-12-18", (
            "Antarctica/Vostok"
        )),
        ("2024-03-01", (
            "Asia/Almaty Asia/Qostanay"
        )),
        ("2024-04-01", (
            "America/Scoresbysund"
        )),
        ("2024-09-09", (
            "America/Coyhaique"
        )),
        ("2024-10-07", (
            "America/Asuncion"
        )),
        ("2025-04-12", (
            "Asia/Gaza Asia/Hebron"
        )),
        ("2026-03-09", (
            "America/Edmonton America/Inuvik America/Vancouver America/Winnipeg "
            "Canada/Central Canada/Mountain Canada/Pacific America/Rainy_River "
            "America/Yellowknife"
        )),
        ("2026-09-21", (
            "Africa/Casablanca Africa/El_Aaiun"
        )),
    )
    for name in names.split()
}
