"""Names, addresses and telephone numbers, and the ways in which systems spell them apart."""

from __future__ import annotations

import numpy as np

from pipelines.sources.sample.arrays import Ints, Texts, between, toss

CITIES: tuple[tuple[str, int], ...] = (
    ("Beijing", 110105),
    ("Tianjin", 120101),
    ("Shijiazhuang", 130102),
    ("Jinan", 370102),
    ("Shanghai", 310104),
    ("Hangzhou", 330102),
    ("Nanjing", 320102),
    ("Suzhou", 320505),
    ("Guangzhou", 440103),
    ("Shenzhen", 440304),
    ("Xiamen", 350203),
    ("Fuzhou", 350102),
    ("Chengdu", 510104),
    ("Chongqing", 500103),
    ("Xian", 610102),
    ("Kunming", 530102),
)
"""Cities of the branches, four to a region, with the county code of their ID cards."""

CITY_NAMES = np.array([name for name, _ in CITIES], dtype=object)
AREA_CODES = np.array([code for _, code in CITIES], dtype=np.int64)


def _words(text: str) -> Texts:
    return np.array(text.split(), dtype=object)


SURNAMES = _words(
    "Wang Li Zhang Liu Chen Yang Zhao Huang Zhou Wu Xu Sun Hu Zhu Gao Lin He Guo Ma Luo Liang "
    "Song Zheng Xie Han Tang Feng Yu Dong Xiao Cheng Cao Yuan Deng Fu Shen Zeng Peng Lu Su Jiang "
    "Cai Jia Ding Wei Xue Ye Yan Pan Du Dai Xia Zhong Tian Ren Fan Fang Shi Yao Tan Liao Zou "
    "Xiong Jin Hao Kong Bai Cui Kang Mao Qiu Qin Gu Hou Shao Meng Long Wan Duan Lei Qian Yin"
)
SYLLABLES_M = _words(
    "wei qiang jun yong jie lei tao ming chao gang ping hui bo bin feng guo hai hao jian kai liang "
    "long peng rui sheng song wen xiang xin yang yi yu zhi zheng zhong jia cheng da dong"
)
SYLLABLES_F = _words(
    "fang na min jing li yan xiu juan ying hua yun lan mei xia hong ling ting xue qin rong shu "
    "wen yue zhen an bei cui dan fei han jia lin man ning qing rui shan si xin yi yu"
)
ROADS = _words(
    "Renmin Zhongshan Jiefang Jianshe Xinhua Heping Guangming Dongfeng Changjiang Beijing Nanjing "
    "Huaihai Yanan Tianhe Binjiang Wenhua Xueyuan Youyi Qingnian Shengli Minzhu Fuxing"
)
COMPANY_WORDS = _words(
    "Hengda Ruixin Huatai Jinhui Dongfang Xinyuan Tongda Zhongcheng Wanli Baofeng Shunxing Lianhe "
    "Hongyuan Tianrui Yongxin Fuhai Guangda Minsheng Kaixuan Yuanyang Haitong Jiahe Deli Mingzhu"
)
COMPANY_TRADES = np.array(
    [
        "Manufacturing",
        "Construction",
        "Trading",
        "Logistics",
        "Software",
        "Property",
        "Leasing",
        "Technology",
    ],
    dtype=object,
)
TRADE_INDUSTRY = _words("C E F G I K L M")
INSTITUTION_WORDS = _words("School Hospital Library Museum Bureau Institute")
OCCUPATIONS = np.array([f"OCC{number}" for number in range(1, 9)], dtype=object)
MOBILE_PREFIXES = np.array([130, 135, 136, 137, 138, 139, 150, 158, 159, 176, 186, 188, 189])

VARIANT_SHARE = 0.25
SHORT_NAME = 4


def draw_person_names(rng: np.random.Generator, is_male: np.typing.NDArray[np.bool_]) -> Texts:
    """Surname and given name of one or two syllables."""
    size = is_male.size
    given = [np.where(is_male, *_draw_pair(rng, size)) for _ in range(2)]
    second = np.where(toss(rng, size, 0.6), given[1], "")
    names = [(one + two).capitalize() for one, two in zip(given[0], second, strict=True)]
    # Surnames follow a Zipf-like law: the first of the list are by far the commonest.
    ranks = (SURNAMES.size * rng.random(size) ** 1.8).astype(np.int64)
    return _join(SURNAMES[ranks], " ", np.array(names, dtype=object))


def draw_company_names(rng: np.random.Generator, city: Ints, trade: Ints) -> Texts:
    """City, two words, trade and legal form."""
    size = city.size
    words = COMPANY_WORDS[rng.integers(0, COMPANY_WORDS.size, (2, size))]
    parts = (CITY_NAMES[city], " ", words[0], words[1], " ", COMPANY_TRADES[trade], " Co Ltd")
    return _join(*parts)


def draw_institution_names(rng: np.random.Generator, city: Ints) -> Texts:
    """Numbered public institutions of a city."""
    number = np.char.mod("No %d ", rng.integers(1, 60, city.size)).astype(object)
    kind = INSTITUTION_WORDS[rng.integers(0, INSTITUTION_WORDS.size, city.size)]
    return _join(CITY_NAMES[city], " ", number, kind)


def draw_addresses(rng: np.random.Generator, city: Ints) -> Texts:
    """Number, road, room and city."""
    number = np.char.mod("No %d ", rng.integers(1, 400, city.size)).astype(object)
    room = np.char.mod(" Road Room %d ", rng.integers(101, 2800, city.size)).astype(object)
    return _join(number, ROADS[rng.integers(0, ROADS.size, city.size)], room, CITY_NAMES[city])


def draw_phones(rng: np.random.Generator, size: int) -> Texts:
    """Mobile numbers of eleven digits."""
    prefix = MOBILE_PREFIXES[rng.integers(0, MOBILE_PREFIXES.size, size)]
    numbers = prefix * 10**8 + rng.integers(0, 10**8, size)
    return numbers.astype(str).astype(object)


def vary_names(rng: np.random.Generator, names: Texts) -> Texts:
    """Names as another system spells them: a quarter differ."""
    chosen = np.flatnonzero(toss(rng, names.size, VARIANT_SHARE))
    way = rng.integers(0, 4, chosen.size)
    varied = names.copy()
    for position, how in zip(chosen.tolist(), way.tolist(), strict=True):
        varied[position] = _respell(names[position], how)
    return varied


def vary_phones(rng: np.random.Generator, phones: Texts) -> Texts:
    """Telephone numbers as another system keeps them: other formats, some other numbers."""
    luck = rng.random(phones.size)
    others = draw_phones(rng, phones.size)
    spaced = np.array([f"{p[:3]} {p[3:7]} {p[7:]}" for p in phones], dtype=object)
    varied = np.where(between(luck, 0, 0.15), spaced, phones)
    varied = np.where(between(luck, 0.15, 0.25), "+86" + phones, varied)
    return np.where(between(luck, 0.92, 1), others, varied)


def vary_addresses(rng: np.random.Generator, addresses: Texts, city: Ints) -> Texts:
    """Addresses as another system keeps them: abbreviated, without the room, or an older one."""
    luck = rng.random(addresses.size)
    others = draw_addresses(rng, city)
    short = np.array([text.replace(" Road", " Rd") for text in addresses], dtype=object)
    bare = np.array([text.split(" Room")[0] for text in addresses], dtype=object)
    varied = np.where(between(luck, 0, 0.2), short, addresses)
    varied = np.where(between(luck, 0.2, 0.3), bare, varied)
    return np.where(between(luck, 0.9, 1), others, varied)


def _join(*parts: Texts | str) -> Texts:
    joined = np.asarray(parts[0], dtype=np.object_)
    for part in parts[1:]:
        joined = joined + part
    return joined


def _draw_pair(rng: np.random.Generator, size: int) -> tuple[Texts, Texts]:
    male = SYLLABLES_M[rng.integers(0, SYLLABLES_M.size, size)]
    female = SYLLABLES_F[rng.integers(0, SYLLABLES_F.size, size)]
    return male, female


def _respell(name: str, how: int) -> str:
    first, _, rest = name.partition(" ")
    misspelt = f"{first} {rest[:2]}{rest[3:]}" if len(rest) > SHORT_NAME else name.lower()
    return (name.upper(), f"{rest} {first}", misspelt, f"{first}  {rest}")[how]
