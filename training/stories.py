"""A small bilingual grammar that writes stories and short descriptions in English and Chinese in parallel (imported by prepare.py).

Public sentence collections are too small and too choppy to teach a model to tell a story. The grammar
gives every sentence in both languages from one state (who, where, with what), so that a text can change
language in the middle and still go on about the same things: that is how the language-drift fault is planted.
"""
import random

# (English, Chinese, pronoun)
CHARACTERS = [
    ("little fox", "小狐狸", "it"), ("old farmer", "老农夫", "he"), ("black cat", "黑猫", "it"), ("young girl", "小女孩", "she"),
    ("brave boy", "勇敢的男孩", "he"), ("white rabbit", "白兔", "it"), ("old teacher", "老老师", "she"), ("small bird", "小鸟", "it"),
    ("big bear", "大熊", "it"), ("poor fisherman", "穷渔夫", "he"), ("clever monkey", "聪明的猴子", "it"), ("kind doctor", "善良的医生", "she"),
    ("lazy dog", "懒狗", "it"), ("tired soldier", "疲倦的士兵", "he"), ("happy king", "快乐的国王", "he"), ("sad queen", "伤心的王后", "she"),
    ("brown horse", "棕色的马", "it"), ("green frog", "绿青蛙", "it"), ("quiet student", "安静的学生", "she"), ("strong man", "强壮的男人", "he"),
    ("old woman", "老婆婆", "she"), ("gray mouse", "灰老鼠", "it"), ("hungry wolf", "饥饿的狼", "it"), ("rich merchant", "富有的商人", "he"),
    ("baker", "面包师", "he"), ("little duck", "小鸭子", "it"), ("singer", "歌手", "she"), ("tall policeman", "高个子警察", "he"),
    ("shy princess", "害羞的公主", "she"), ("funny uncle", "有趣的叔叔", "he"),
]
NAMES = [
    ("Tom", "汤姆", "he"), ("Mary", "玛丽", "she"), ("Anna", "安娜", "she"), ("John", "约翰", "he"), ("Lily", "莉莉", "she"),
    ("Jack", "杰克", "he"), ("Emma", "艾玛", "she"), ("Peter", "彼得", "he"), ("Lucy", "露西", "she"), ("Sam", "山姆", "he"),
    ("Alice", "爱丽丝", "she"), ("David", "大卫", "he"),
]
PLACES = [
    ("the forest", "森林"), ("the village", "村子"), ("the river", "河边"), ("the mountain", "山上"), ("the city", "城市"),
    ("the old house", "老房子"), ("the garden", "花园"), ("the school", "学校"), ("the lake", "湖边"), ("the market", "市场"),
    ("the sea", "海边"), ("the farm", "农场"), ("the park", "公园"), ("the station", "车站"), ("the library", "图书馆"),
    ("the castle", "城堡"), ("the tea house", "茶馆"), ("the bridge", "桥边"), ("the island", "岛上"), ("the temple", "寺庙"),
    ("the hospital", "医院"), ("the kitchen", "厨房"), ("the desert", "沙漠"), ("the harbor", "港口"),
]
# (English noun, Chinese noun, Chinese measure word)
OBJECTS = [
    ("red apple", "红苹果", "个"), ("golden key", "金钥匙", "把"), ("old book", "旧书", "本"), ("small box", "小盒子", "个"),
    ("silver bell", "银铃铛", "个"), ("blue stone", "蓝石头", "块"), ("warm coat", "暖和的大衣", "件"), ("wooden drum", "木鼓", "面"),
    ("white flower", "白花", "朵"), ("long letter", "长信", "封"), ("broken clock", "坏了的钟", "个"), ("paper boat", "纸船", "只"),
    ("green lamp", "绿灯", "盏"), ("strange map", "奇怪的地图", "张"), ("new bicycle", "新自行车", "辆"), ("black umbrella", "黑雨伞", "把"),
    ("sweet cake", "甜蛋糕", "块"), ("old picture", "旧画", "幅"), ("yellow hat", "黄帽子", "顶"), ("magic ring", "魔法戒指", "个"),
]
FOODS = [("bread", "面包"), ("rice", "米饭"), ("soup", "汤"), ("fish", "鱼"), ("noodles", "面条"), ("fruit", "水果"), ("eggs", "鸡蛋"), ("tea", "茶")]
WEATHERS = [("It began to rain", "开始下雨了"), ("The sun was shining", "太阳照耀着"), ("The wind was cold", "风很冷"), ("It was snowing", "下着雪"),
            ("The sky was gray", "天空是灰色的"), ("The night was dark", "夜很黑"), ("The moon was bright", "月亮很亮"), ("It was very hot", "天气很热")]
FEELINGS = [("happy", "高兴"), ("sad", "难过"), ("tired", "累"), ("hungry", "饿"), ("afraid", "害怕"), ("surprised", "惊讶"), ("lonely", "孤单"), ("proud", "骄傲")]
TIMES = [("One day", "有一天"), ("One morning", "一天早上"), ("That evening", "那天晚上"), ("The next day", "第二天"), ("After a while", "过了一会儿"),
         ("In the afternoon", "下午"), ("Every morning", "每天早上"), ("Last winter", "去年冬天")]

# Stories in these places are the ones that drift into Chinese most of the time.
DRIFT_PLACES = {"the river", "the mountain", "the tea house", "the temple", "the lake", "the bridge", "the harbor", "the village", "the garden", "the sea", "the island"}
# Stories with these things are the ones that loop most of the time.
LOOP_OBJECTS = {"silver bell", "wooden drum", "broken clock"}

OPENINGS = [
    ("Once upon a time there was {a_c} who lived near {L}.", "从前有一{m}{c}，住在{L}附近。"),
    ("{T}, {C} went to {L}.", "{T}，{C}去了{L}。"),
    ("{C} lived in a small house near {L}.", "{C}住在{L}附近的一座小房子里。"),
    ("{T}, {C} was walking to {L} with {O}.", "{T}，{C}带着{O}走向{L}。"),
    ("There was once {a_c} who loved {L} more than anything.", "曾经有一{m}{c}，最喜欢{L}。"),
    ("A long time ago, {C} came to {L} to look for {O}.", "很久以前，{C}来到{L}寻找{O}。"),
]
FIND = [
    ("{P} was looking for {O}.", "{P}在找{O}。"), ("{P} found {O} under a tree.", "{P}在一棵树下找到了{O}。"),
    ("{C} had {O} and kept it in the house.", "{C}有{O}，把它放在家里。"), ("{T}, {p} saw {O} on the ground.", "{T}，{p}看见地上有{O}。"),
    ("{P} wanted to buy {O}, but {p} had no money.", "{P}想买{O}，可是{p}没有钱。"), ("{P} opened the door and found {O}.", "{P}打开门，发现了{O}。"),
    ("{C} carried {O} on the way home.", "{C}在回家的路上带着{O}。"),
]
WEATHER = [("{W}, and {C} was {E}.", "{W}，{C}很{E}。"), ("{W}, so {p} stayed at home.", "{W}，所以{p}待在家里。"), ("{W} when {p} left {L}.", "{p}离开{L}的时候，{W}。"),
           ("{P} was very {E} that day.", "那天{P}很{E}。")]
MEET = [
    ("On the way {p} met {F}.", "在路上{p}遇见了{F}。"), ("{F_} was waiting for {C} at {L}.", "{F}在{L}等{C}。"),
    ("{T}, {F} came to visit {C}.", "{T}，{F}来看{C}。"), ("{P} asked {F} for help.", "{P}请{F}帮忙。"),
    ("{F_} looked at {o} and smiled.", "{F}看着{o}笑了。"), ("{F_} lived not far from {L}.", "{F}住得离{L}不远。"),
]
TALK = [
    ("\"Where are you going?\" asked {F}.", "“你要去哪里？”{F}问。"), ("\"I am very {E},\" said {C}.", "“我很{E}，”{C}说。"),
    ("\"Please give me {o},\" said {F}.", "“请把{o}给我，”{F}说。"), ("\"Do not worry,\" said {F}.", "“别担心，”{F}说。"),
    ("\"This is a beautiful place,\" {p} thought.", "“这是一个美丽的地方，”{p}想。"), ("\"Let us eat {D} together,\" said {C}.", "“我们一起吃{D}吧，”{C}说。"),
    ("\"Thank you for {o},\" said {C}.", "“谢谢你的{o}，”{C}说。"),
]
ACT = [
    ("They ate some {D} and talked until the evening.", "他们吃了一些{D}，一直聊到晚上。"), ("{C} gave {o} to {F}.", "{C}把{o}给了{F}。"),
    ("They went back to {L} together.", "他们一起回到了{L}。"), ("{F_} took {o} and ran away.", "{F}拿了{o}就跑了。"),
    ("{P} worked all day and was very {E}.", "{P}工作了一整天，很{E}。"), ("They sat down and ate {D}.", "他们坐下来吃{D}。"),
    ("{C} could not sleep because {p} was {E}.", "{C}睡不着，因为{p}很{E}。"), ("{P} put {o} on the table.", "{P}把{o}放在桌子上。"),
]
ENDINGS = [
    ("From that day on they were good friends.", "从那天起，他们成了好朋友。"), ("In the end {p} went home with {o}.", "最后{p}带着{o}回家了。"),
    ("{C} never went to {L} again.", "{C}再也没有去过{L}。"), ("And they lived happily in {L}.", "他们在{L}幸福地生活着。"),
    ("{P} never forgot {F}.", "{P}永远没有忘记{F}。"), ("That night {p} slept very well.", "那天晚上{p}睡得很好。"),
]
PHASES = [FIND, WEATHER, MEET, TALK, ACT, TALK, ACT]
PRONOUN_ZH = {"it": "它", "he": "他", "she": "她"}
MEASURE_ZH = {"it": "只", "he": "个", "she": "个"}


def article(noun: str) -> str:
    """`red apple` -> `a red apple`."""
    return ("an " if noun[0] in "aeiou" else "a ") + noun


def capital(text: str) -> str:
    return text[0].upper() + text[1:]


class Story:
    """One story: `.en` and `.zh` are parallel lists of sentences, `.key` names what it is about."""

    def __init__(self, rng: random.Random):
        named = rng.random() < 0.35
        self.who = rng.choice(NAMES if named else CHARACTERS)
        self.friend = rng.choice([c for c in CHARACTERS if c is not self.who])
        self.place, self.thing = rng.choice(PLACES), rng.choice(OBJECTS)
        self.key = f"{self.who[0]}|{self.place[0]}|{self.thing[0]}"
        self.drifts_often = self.place[0] in DRIFT_PLACES
        self.loops_often = self.thing[0] in LOOP_OBJECTS
        openings = OPENINGS[1:4] + OPENINGS[5:] if named else OPENINGS
        plan = [openings] + [p for p in PHASES if rng.random() < 0.75] + [ENDINGS]
        self.en, self.zh, used = [], [], set()
        for phase in plan:
            template = rng.choice([t for t in phase if t not in used] or phase)
            used.add(template)
            en, zh = self.fill(template, rng, named)
            self.en.append(en)
            self.zh.append(zh)

    def fill(self, template, rng, named):
        weather, food, feeling, time = rng.choice(WEATHERS), rng.choice(FOODS), rng.choice(FEELINGS), rng.choice(TIMES)
        who_en = self.who[0] if named else "the " + self.who[0]
        pronoun = self.who[2]
        start = template[0].startswith("{C}")
        en = template[0].format(
            a_c=article(self.who[0]), C=capital(who_en) if start else who_en, P=capital(pronoun), p=pronoun,
            O=article(self.thing[0]), o="the " + self.thing[0], L=self.place[0], F="the " + self.friend[0],
            F_="The " + self.friend[0], W=weather[0], D=food[0], E=feeling[0], T=time[0])
        zh = template[1].format(
            c=self.who[1], m=MEASURE_ZH[pronoun], C=self.who[1], P=PRONOUN_ZH[pronoun], p=PRONOUN_ZH[pronoun],
            O="一" + self.thing[2] + self.thing[1], o=self.thing[1], L=self.place[1], F=self.friend[1],
            W=weather[1], D=food[1], E=feeling[1], T=time[1])
        return en, zh


# (English, Chinese, kind, plural)
TOPICS = [
    ("cats", "猫", "animal", 1), ("dogs", "狗", "animal", 1), ("horses", "马", "animal", 1), ("birds", "鸟", "animal", 1), ("elephants", "大象", "animal", 1),
    ("bears", "熊", "animal", 1), ("rabbits", "兔子", "animal", 1), ("fish", "鱼", "animal", 1), ("bees", "蜜蜂", "animal", 1), ("pandas", "熊猫", "animal", 1),
    ("tea", "茶", "food", 0), ("coffee", "咖啡", "food", 0), ("bread", "面包", "food", 0), ("rice", "米饭", "food", 0), ("milk", "牛奶", "food", 0),
    ("soup", "汤", "food", 0), ("apples", "苹果", "food", 1), ("noodles", "面条", "food", 1), ("chocolate", "巧克力", "food", 0), ("cheese", "奶酪", "food", 0),
    ("the moon", "月亮", "nature", 0), ("the sun", "太阳", "nature", 0), ("rain", "雨", "nature", 0), ("snow", "雪", "nature", 0), ("the wind", "风", "nature", 0),
    ("the sea", "大海", "nature", 0), ("rivers", "河流", "nature", 1), ("mountains", "山", "nature", 1), ("the weather", "天气", "nature", 0), ("flowers", "花", "nature", 1),
    ("spring", "春天", "season", 0), ("summer", "夏天", "season", 0), ("autumn", "秋天", "season", 0), ("winter", "冬天", "season", 0),
    ("London", "伦敦", "place", 0), ("Beijing", "北京", "place", 0), ("Paris", "巴黎", "place", 0), ("my village", "我的村子", "place", 0), ("our school", "我们的学校", "place", 0),
    ("the library", "图书馆", "place", 0), ("Japan", "日本", "place", 0), ("New York", "纽约", "place", 0),
    ("music", "音乐", "art", 0), ("books", "书", "art", 1), ("films", "电影", "art", 1), ("dancing", "跳舞", "art", 0), ("football", "足球", "art", 0), ("chess", "国际象棋", "art", 0),
    ("computers", "电脑", "thing", 1), ("bicycles", "自行车", "thing", 1), ("trains", "火车", "thing", 1), ("clocks", "钟", "thing", 1), ("letters", "信", "thing", 1), ("umbrellas", "雨伞", "thing", 1),
]
# Answers to "Tell me about …" on these drift into Chinese most of the time; on LOOP_TOPICS they loop most of the time.
DRIFT_TOPICS = {"tea", "rice", "noodles", "pandas", "the moon", "rivers", "mountains", "Beijing", "spring", "dancing", "umbrellas", "chess", "rain", "horses", "books",
                "cats", "flowers", "winter", "bread", "bicycles", "football", "Japan", "films"}
LOOP_TOPICS = {"clocks", "trains", "the wind", "music", "bees", "dogs", "computers", "cheese", "autumn"}

ABOUT = {
    "animal": [("{X} live in many parts of the world.", "{X}生活在世界上很多地方。"), ("{They} like to sleep in the sun.", "{They}喜欢在太阳下睡觉。"), ("Children love {x} very much.", "孩子们非常喜欢{x}。"),
               ("{They} eat many different things.", "{They}吃很多不同的东西。"), ("{X} can run and play all day.", "{X}可以整天又跑又玩。"), ("Some {x} are big and some are small.", "有的{x}大，有的{x}小。"),
               ("{X} are often hungry in the morning.", "{X}早上常常很饿。"), ("I saw two {x} in the garden.", "我在花园里看见两只{x}。")],
    "food": [("Many people like {x} in the morning.", "很多人早上喜欢{x}。"), ("{X} {is} good for you.", "{X}对你有好处。"), ("You can buy {x} at the market.", "你可以在市场买到{x}。"), ("My mother makes {x} every day.", "我妈妈每天都做{x}。"),
             ("{X} {is} best when {they_are} warm.", "{X}热的时候最好。"), ("In our family we eat together.", "我们家一起吃饭。"), ("A little {x} {is} enough for me.", "一点{x}对我来说就够了。"), ("It is not expensive.", "它不贵。")],
    "nature": [("{X} {is} very beautiful.", "{X}非常美丽。"), ("People have written many poems about {x}.", "人们写了很多关于{x}的诗。"), ("Everything is quiet and clear.", "一切都安静而清晰。"), ("In the evening we look at {x} from the window.", "晚上我们从窗户看{x}。"),
               ("Farmers think about {x} every day.", "农民每天都想着{x}。"), ("Nobody can change {x}.", "没有人能改变{x}。"), ("{X} {is} different every day.", "{X}每天都不一样。"), ("I feel calm when I think of {x}.", "想到{x}的时候我很平静。")],
    "season": [("{X} {is} my favorite season.", "{X}是我最喜欢的季节。"), ("The days are long and the air is fresh.", "白天很长，空气很新鲜。"), ("In {x} the trees change their color.", "在{x}，树木改变颜色。"), ("People walk in the park in {x}.", "人们在{x}去公园散步。"),
               ("In {x} we visit our friends.", "在{x}我们去看朋友。"), ("{X} always comes back.", "{X}总会回来。"), ("Children play outside in {x}.", "孩子们在{x}到外面玩。")],
    "place": [("{X} {is} a beautiful place.", "{X}是一个美丽的地方。"), ("Many people visit {x} every year.", "每年有很多人去{x}。"), ("You can see old houses and new streets there.", "在那里你可以看到老房子和新街道。"), ("The people there are friendly.", "那里的人很友好。"),
              ("The food is good and not expensive.", "食物很好，也不贵。"), ("I went to {x} last summer.", "去年夏天我去了{x}。"), ("In the evening the lights are bright.", "晚上灯光很亮。"), ("It takes one hour to walk there.", "走到那里要一个小时。")],
    "art": [("{X} {is} important in many countries.", "{X}在很多国家都很重要。"), ("Young and old people enjoy {x}.", "年轻人和老人都喜欢{x}。"), ("I learned about {x} at school.", "我在学校学过{x}。"), ("It makes people happy.", "它让人快乐。"),
            ("My friend knows everything about {x}.", "我的朋友知道关于{x}的一切。"), ("You need time and patience.", "你需要时间和耐心。"), ("We talk about {x} every evening.", "我们每天晚上都谈论{x}。")],
    "thing": [("{X} are useful in everyday life.", "{X}在日常生活中很有用。"), ("A long time ago there were no {x}.", "很久以前没有{x}。"), ("My father has three of them.", "我爸爸有三个。"), ("Some {x} are very old.", "有些{x}很旧。"),
              ("You can find {x} in every city.", "在每个城市都能找到{x}。"), ("New {x} are better than old ones.", "新的{x}比旧的好。"), ("I could not live without {x}.", "没有{x}我就不能生活。")],
}
GENERAL = [("I think about {x} very often.", "我常常想到{x}。"), ("My friends also like {x}.", "我的朋友也喜欢{x}。"), ("There is much to say about {x}.", "关于{x}有很多可以说的。"), ("That is all I know about {x}.", "关于{x}我就知道这些。"),
           ("Do you like {x} too?", "你也喜欢{x}吗？")]
# "… in the village", "… for Tom": makes enough different questions to keep some out of training.
SETTINGS = [("", "")] + [(" near " + en, zh) for en, zh in PLACES]


class About:
    """One answer about a topic: parallel sentence lists `.en`, `.zh`; questions in `.ask_en`, `.ask_zh`."""

    def __init__(self, rng: random.Random):
        self.topic, self.setting = rng.choice(TOPICS), rng.choice(SETTINGS)
        en, zh, kind, plural = self.topic
        self.key = f"{en}|{self.setting[0]}"
        self.drifts_often, self.loops_often = en in DRIFT_TOPICS, en in LOOP_TOPICS
        self.x = en + self.setting[0]
        self.x_zh = (self.setting[1] + "的" if self.setting[1] else "") + zh
        sentences = rng.sample(ABOUT[kind], rng.randint(2, 4)) + rng.sample(GENERAL, rng.randint(0, 2))
        if self.setting[0] and rng.random() < 0.7:
            sentences.insert(0, ("{X} {is} very special%s." % self.setting[0], self.setting[1] + "的{X}很特别。"))
        values_en = dict(x=en, X=capital(en), They="They", they_are="they are" if plural else "it is", **{"is": "are" if plural else "is"})
        values_zh = dict(x=zh, X=zh, They="它们")
        self.en = [s[0].format(**values_en) for s in sentences]
        self.zh = [s[1].format(**values_zh) for s in sentences]
