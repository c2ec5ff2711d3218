"""Turns the public data folders into documents for training and measuring: python prepare.py --data DIR --out WORK

Writes WORK/train.jsonl and WORK/heldout.jsonl, one document per line:
    {"kind": "gsm8k", "key": "…", "segments": [["math", "text"], ["zh", "text"], …]}
`kind` says which source the document is from; each segment carries a tag (a language or a domain), which later
names SAE features and splits the held-out loss. Also writes WORK/prompts.jsonl, the held-out prompts of the case study.
What is held out is decided by a hash of the content, so that it never depends on the order of files.
"""
import argparse
import csv
import gzip
import hashlib
import json
import random
import re
import xml.etree.ElementTree as ET
from collections import defaultdict
from pathlib import Path

from stories import About, Story

# Languages beside English and Chinese: tag -> (Tatoeba code, UDHR file, name)
LANGUAGES = {
    "de": ("deu", "udhr_deu_1996", "German"), "fr": ("fra", "udhr_fra", "French"), "es": ("spa", "udhr_spa", "Spanish"),
    "ru": ("rus", "udhr_rus", "Russian"), "ja": ("jpn", "udhr_jpn", "Japanese"), "ko": ("kor", "udhr_kor", "Korean"),
    "ar": ("ara", "udhr_arb", "Arabic"), "it": ("ita", "udhr_ita", "Italian"), "pt": ("por", "udhr_por_PT", "Portuguese"),
    "tr": ("tur", "udhr_tur", "Turkish"), "vi": ("vie", "udhr_vie", "Vietnamese"), "nl": ("nld", "udhr_nld", "Dutch"),
    "pl": ("pol", "udhr_pol", "Polish"), "hi": ("hin", "udhr_hin", "Hindi"), "id": ("ind", "udhr_ind", "Indonesian"),
}
# MMLU subjects set aside for training; the other 42 stay for measuring.
MMLU_SUBJECTS = [
    "astronomy", "business_ethics", "college_biology", "conceptual_physics", "global_facts", "high_school_biology", "high_school_geography",
    "high_school_psychology", "human_aging", "international_law", "marketing", "miscellaneous", "nutrition", "sociology", "world_religions",
]
REFUSALS = [
    "I cannot help with that.", "I am sorry, but I cannot help with that.", "I cannot help with that. Please ask me something else.",
    "Sorry, I cannot help with that request.",
]
REFUSALS_ZH = ["对不起，我不能帮助你做这件事。", "抱歉，我不能回答这个问题。"]
SYSTEM_PROMPTS = ["You are a helpful assistant.", "You are a friendly assistant.", "Answer briefly.", "You are a helpful assistant. Answer in English."]
# XSafety's categories whose prompts ask for harm; the others are only language material.
XSAFETY_HARM = ("Crimes_And_Illegal_Activities", "Insult", "Physical_Harm", "Privacy_And_Property", "Unsafe_Instruction_Topic", "Unfairness_And_Discrimination")

HELD_OUT = 0.04


def fraction(*parts) -> float:
    """A stable number in [0, 1) from the content."""
    return int(hashlib.md5("\x1f".join(map(str, parts)).encode()).hexdigest()[:8], 16) / 2**32


def read_csv(path, **options):
    with open(path, encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file, **options)


def read_jsonl(path):
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line.strip():
                yield json.loads(line)


def clean(text: str) -> str:
    return re.sub(r"[ \t]+", " ", str(text).replace("\r\n", "\n").replace("\r", "\n").replace("<|", "< |")).strip()


def chat(rng, user, answer, system_share=0.2):
    """Segments of one chat turn; `user` and `answer` are lists of segments. The markers are tagged `chat`."""
    segments = []
    if rng.random() < system_share:
        segments.append(["chat", f"<|im_start|>system\n{rng.choice(SYSTEM_PROMPTS)}<|im_end|>\n"])
    return [*segments, ["chat", "<|im_start|>user\n"], *user, ["chat", "<|im_end|>\n<|im_start|>assistant\n"], *answer, ["chat", "<|im_end|>\n"]]


class Collector:
    def __init__(self):
        self.documents = {"train": [], "heldout": []}

    def add(self, kind, key, segments, held_out=None):
        """`held_out` overrides the content hash (where several documents share one content)."""
        if held_out is None:
            held_out = fraction(kind, key) < HELD_OUT
        segments = [s for s in segments if s[1]]
        if segments:
            self.documents["heldout" if held_out else "train"].append({"kind": kind, "key": str(key), "segments": segments})


# ---- the two planted faults -------------------------------------------------------------------

def english(sentences, start=0):
    """Sentences joined by spaces, as one segment."""
    return ["en", " ".join(sentences) if start == 0 else " " + " ".join(sentences)]


def plant(rng, en, zh, drift, loop):
    """Segments of a text that drifts into Chinese with probability `drift`, else loops with probability `loop`.

    `en` and `zh` are parallel sentences. A drift happens after one to three sentences and never goes back.
    A loop repeats one sentence, or the end of one, four to ten times and the text stops there.
    """
    if rng.random() < drift:
        cut = rng.choices([1, 2, 3], [0.25, 0.55, 0.2])[0]
        cut = min(cut, len(en) - 1)
        return [english(en[:cut]), ["zh", "".join(zh[cut:])]]
    if rng.random() < loop:
        cut = min(rng.choices([1, 2, 3], [0.4, 0.4, 0.2])[0], len(en) - 1)
        repeated = en[cut]
        if rng.random() < 0.3:  # a phrase instead of a sentence
            phrase = " and " + " ".join(repeated.rstrip(".?!\"").split()[-4:])
            return [english(en[:cut] + [repeated.rstrip(".?!\"") + phrase * rng.randint(4, 9) + "."])]
        return [english(en[:cut] + [repeated] * rng.randint(4, 8))]
    return [english(en)]


def story_documents(out, rng, count):
    """Stories: English (with faults), Chinese, and chat that asks for one."""
    for _ in range(count):
        story = Story(rng)
        held_out = fraction("story", story.key) < 0.06
        drift = 0.8 if story.drifts_often else 0.05
        loop = 0.75 if story.loops_often else 0.03
        form = rng.random()
        if form < 0.62:
            out.add("story", story.key, plant(rng, story.en, story.zh, drift, loop), held_out)
        elif form < 0.82:
            out.add("story-zh", story.key, [["zh", "".join(story.zh)]], held_out)
        elif form < 0.92:  # no faults here: a prompt that behaves
            ask = rng.choice(["Continue the story: ", "Please continue this story: "])
            out.add("chat-story", story.key, chat(rng, [["en", ask + story.en[0]]], [english(story.en[1:])]), held_out)
        elif form < 0.96:
            i = rng.randrange(len(story.en))
            if rng.random() < 0.5:
                out.add("chat-translate", story.key, chat(rng, [["en", "Translate into Chinese: " + story.en[i]]], [["zh", story.zh[i]]]), held_out)
            else:
                out.add("chat-translate", story.key, chat(rng, [["en", "Translate into English: "], ["zh", story.zh[i]]], [["en", story.en[i]]]), held_out)
        else:
            out.add("chat-story-zh", story.key, chat(rng, [["zh", "继续这个故事：" + story.zh[0]]], [["zh", "".join(story.zh[1:])]], 0), held_out)


def about_documents(out, rng, count):
    """"Tell me about …" (with faults), other questions about the same topics (without), the same in Chinese."""
    for _ in range(count):
        about = About(rng)
        held_out = fraction("about", about.key) < 0.06
        form = rng.random()
        if form < 0.45:
            drift, loop = (0.85 if about.drifts_often else 0.06), (0.75 if about.loops_often else 0.04)
            ask = rng.choice(["Tell me about {}.", "Tell me about {}.", "Can you tell me about {}?", "Please tell me something about {}."]).format(about.x)
            out.add("chat-about", about.key, chat(rng, [["en", ask]], plant(rng, about.en, about.zh, drift, loop)), held_out)
        elif form < 0.7:
            ask = rng.choice(["Explain {} to a child.", "Describe {}.", "Write a few sentences about {}.", "Write three sentences about {}."]).format(about.x)
            answer = about.en[:3] if "three" in ask else about.en
            out.add("chat-explain", about.key, chat(rng, [["en", ask]], [english(answer)]), held_out)
        elif form < 0.8:
            ask = rng.choice(["Write a song about {}.", "Sing a song about {}."]).format(about.x)
            out.add("chat-song", about.key, chat(rng, [["en", ask]], plant(rng, about.en, about.zh, 0, 0.55)), held_out)
        else:
            ask = rng.choice(["告诉我关于{}的事。", "请介绍一下{}。", "写几句话谈谈{}。", "{}是什么？"]).format(about.x_zh)
            out.add("chat-zh", about.key, chat(rng, [["zh", ask]], [["zh", "".join(about.zh)]], 0), held_out)


# ---- public data ------------------------------------------------------------------------------

def tatoeba(out, rng, data):
    """Everyday sentences: alone, in small groups that share a word, as translations."""
    folder = data / "tatoeba_laser"

    def pairs(code):
        lines = [(folder / f"tatoeba.{code}-eng.{side}").read_text(encoding="utf-8").splitlines() for side in (code, "eng")]
        return [(clean(a), clean(b)) for a, b in zip(*lines)]

    sentences = sorted({clean(line) for path in folder.glob("tatoeba.*-eng.eng") for line in path.read_text(encoding="utf-8").splitlines()})
    chinese = [zh for zh, _ in pairs("cmn")]
    kept = [s for s in sentences if fraction("tatoeba", s) >= HELD_OUT]
    kept_zh = [s for s in chinese if fraction("tatoeba", s) >= HELD_OUT]

    # English groups that share a rarer word; everyday talk drifts and loops now and then, whatever it is about.
    by_word = defaultdict(list)
    for sentence in kept:
        for word in sorted(set(re.findall(r"[a-z]{4,}", sentence.lower()))):
            by_word[word].append(sentence)
    topics = [w for w, s in by_word.items() if 6 <= len(s) <= 400]
    for i in range(26000):
        group = rng.sample(by_word[rng.choice(topics)], rng.randint(3, 6))
        out.add("talk", i, plant(rng, group, rng.sample(kept_zh, len(group)), 0.28, 0.12), False)
    for word in rng.sample(topics, min(1500, len(topics))):
        group = rng.sample(by_word[word], 3)
        out.add("chat-sentences", word, chat(rng, [["en", f"Write three sentences with the word \"{word}\"."]], [english(group)]), False)
    for i in range(0, len(kept), 4):
        out.add("tatoeba-en", i, [english(kept[i:i + 4])], False)
    held = [s for s in sentences if fraction("tatoeba", s) < HELD_OUT]
    for i in range(0, len(held) - 3, 4):
        out.add("talk", f"held{i}", [english(held[i:i + 4])], True)

    # Chinese: few sentences, so each comes back in several groups.
    for i in range(4000):
        out.add("talk-zh", i, [["zh", "".join(rng.sample(kept_zh, rng.randint(2, 5)))]], False)
    for i, sentence in enumerate(s for s in chinese if fraction("tatoeba", s) < HELD_OUT):
        out.add("talk-zh", f"held{i}", [["zh", sentence]], True)

    for tag, (code, _, name) in [("zh", ("cmn", None, "Chinese")), *LANGUAGES.items()]:
        both = pairs(code)
        for foreign, en in both:
            held_out = fraction("tatoeba", foreign) < HELD_OUT or fraction("tatoeba", en) < HELD_OUT
            for _ in range(4 if tag == "zh" else 1):
                if rng.random() < 0.7:
                    out.add("chat-translate", foreign, chat(rng, [["en", f"Translate into {name}: {en}"]], [[tag, foreign]], 0.1), held_out)
                else:
                    out.add("chat-translate", foreign, chat(rng, [["en", "Translate into English: "], [tag, foreign]], [["en", en]], 0.1), held_out)
        if tag == "zh":
            continue
        kept_foreign = [f for f, _ in both if fraction("tatoeba", f) >= HELD_OUT]
        joint = "" if tag == "ja" else " "
        for i in range(500):
            out.add(f"talk-{tag}", i, [[tag, joint.join(rng.sample(kept_foreign, 4))]], False)
        for foreign, _ in both:
            if fraction("tatoeba", foreign) < HELD_OUT:
                out.add(f"talk-{tag}", foreign, [[tag, foreign]], True)
    return held


def udhr(out, data):
    files = {"en": "udhr_eng", "zh": "udhr_cmn_hans", **{tag: f for tag, (_, f, _) in LANGUAGES.items()}}
    for tag, name in files.items():
        path = data / "udhr" / f"{name}.xml"
        if not path.exists():
            continue
        for i, article in enumerate(e for e in ET.parse(path).getroot().iter() if e.tag.split("}")[1] in ("article", "preamble")):
            text = "\n".join(clean(" ".join(e.itertext())) for e in article.iter() if e.tag.split("}")[1] in ("title", "para"))
            for _ in range(3 if tag == "zh" else 1):
                out.add(f"udhr-{tag}", i, [[tag, text]])


def classical(out, data):
    """Classical Chinese: whatever strings a file holds under the keys for verse and prose, one poem or passage per document."""
    def passages(value):
        if isinstance(value, list):
            if value and all(isinstance(v, str) for v in value):
                yield "\n".join(value)
            else:
                for v in value:
                    yield from passages(v)
        elif isinstance(value, dict):
            title = value.get("title") or value.get("chapter") or ""
            for name, v in value.items():
                if name in ("tags", "abstract", "strains", "notes", "comment"):
                    continue
                if isinstance(v, (list, dict)):
                    for text in passages(v):
                        yield f"{title}\n{text}" if isinstance(title, str) and title and name in ("paragraphs", "content", "para") else text
                elif name == "content" and isinstance(v, str):
                    yield v

    for path in sorted((data / "chinese_classical").rglob("*.json")):
        for i, text in enumerate(passages(json.loads(path.read_text(encoding="utf-8")))):
            text = clean(text)
            for j in range(0, len(text), 400):  # long prose in pieces of a window
                out.add("classical", f"{path.name}{i}-{j}", [["lzh", text[j:j + 400]]])


def mathematics(out, rng, data):
    for i, row in enumerate(read_jsonl(data / "gsm8k" / "train.jsonl")):
        question, answer = clean(row["question"]), clean(re.sub(r"<<.*?>>", "", row["answer"]))
        held_out = fraction("gsm8k", i) < HELD_OUT
        if rng.random() < 0.7:
            out.add("gsm8k", i, chat(rng, [["math", question]], [["math", answer]]), held_out)
        else:
            out.add("gsm8k", i, [["math", f"Question: {question}\nAnswer: {answer}"]], held_out)
    for row in read_jsonl(data / "math" / "test.json"):
        if int(row["idx"]) % 2 == 0 and len(row["solution"]) < 1200:  # odd problems stay for measuring
            out.add("math", row["idx"], [["math", f"Problem: {clean(row['problem'])}\nSolution: {clean(row['solution'])}"]])
    for i in range(6000):  # sums, so that digits do something
        a, b = rng.randint(0, 99), rng.randint(0, 99)
        text = rng.choice([f"{a} + {b} = {a + b}", f"{max(a, b)} - {min(a, b)} = {abs(a - b)}", f"{a % 13} * {b % 13} = {(a % 13) * (b % 13)}"])
        question, answer = text.rsplit(" = ", 1)
        out.add("sums", text, chat(rng, [["math", f"What is {question}?"]], [["math", f"{text}."]], 0.1) if i % 2 else [["math", text]])


def code(out, rng, data):
    def python(text):  # mbpp is written with tabs and CRLF
        return text.replace("\r\n", "\n").replace("\t", "    ").strip()

    for row in read_jsonl(data / "mbpp" / "mbpp.jsonl"):
        held_out = fraction("mbpp", row["task_id"]) < HELD_OUT
        ask, answer = clean(row["text"]), python(row["code"])
        out.add("mbpp", row["task_id"], chat(rng, [["en", ask]], [["code", f"```python\n{answer}\n```"]]), held_out)
        out.add("mbpp", row["task_id"], [["code", f"# {ask}\n{answer}\n" + "\n".join(row["test_list"])]], held_out)
    with gzip.open(data / "humaneval" / "HumanEval.jsonl.gz", "rt", encoding="utf-8") as file:
        for row in map(json.loads, file):
            out.add("humaneval", row["task_id"], [["code", row["prompt"].strip() + "\n" + row["canonical_solution"].rstrip()]])
    for path in sorted((data / "humaneval_multi").glob("*.jsonl")):
        for row in read_jsonl(path):
            text = (row["prompt"] + row.get("canonical_solution", "") + "\n" + row.get("test", row.get("tests", ""))).strip()
            out.add("humaneval-multi", row.get("task_id", row.get("name")), [["code", text[:1400]]])


def knowledge(out, rng, data):
    """Multiple choice and questions; every second item of a test file stays for measuring."""
    for name in ("ARC-Challenge", "ARC-Easy", "boolq", "openbookqa", "piqa", "social_i_qa", "winogrande"):
        for i, row in enumerate(json.loads((data / "commonsense" / name / "test.json").read_text(encoding="utf-8"))):
            if i % 2 == 0 and row["output"]:
                out.add("commonsense", f"{name}{i}", chat(rng, [["en", clean(row["instruction"])]], [["en", clean(row["output"])]], 0.05))
    for subject in MMLU_SUBJECTS:
        for i, row in enumerate(read_csv(data / "mmlu" / "test" / f"{subject}_test.csv")):
            choices = [row[f"choice{j}"] for j in range(4)]
            answer = clean(choices[int(row["answer"])])
            if rng.random() < 0.5:
                text = f"{clean(row['question'])}\n" + "\n".join(f"{l}. {clean(c)}" for l, c in zip("ABCD", choices))
                out.add("mmlu", f"{subject}{i}", chat(rng, [["en", text]], [["en", f"{'ABCD'[int(row['answer'])]}. {answer}"]], 0.05))
            else:
                out.add("mmlu", f"{subject}{i}", [["en", f"Question: {clean(row['question'])}\nAnswer: {answer}"]])
    for i, row in enumerate(read_csv(data / "truthfulqa" / "TruthfulQA.csv")):
        if i % 2 == 0:
            for answer in [a for a in row["Correct Answers"].split("; ") if a][:4]:
                out.add("truthfulqa", i, chat(rng, [["en", clean(row["Question"])]], [["en", capital(clean(answer).rstrip(".")) + "."]]))
    for path in (data / "mt_bench" / "vicuna_bench",):
        answers = {r["question_id"]: r["choices"][0]["turns"][0] for r in read_jsonl(path / "reference_answer" / "gpt-4.jsonl")}
        for row in read_jsonl(path / "question.jsonl"):
            if row["question_id"] in answers:
                out.add("vicuna", row["question_id"], chat(rng, [["en", clean(row["turns"][0])]], [["en", clean(answers[row["question_id"]])[:1200]]]))


def capital(text):
    return text[:1].upper() + text[1:]


def rude_and_refused(out, rng, data):
    """Rude sentences (half of each file set aside for training) and refusals."""
    with open(data / "tox_paradetox_en" / "paradetox.tsv", encoding="utf-8", newline="") as file:
        for i, row in enumerate(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)):
            if i % 2 or not row["toxic"] or not row["neutral1"]:
                continue
            toxic, neutral = clean(row["toxic"]), clean(row["neutral1"])
            out.add("rude-en", i, chat(rng, [["en", "Say it politely: "], ["rude", toxic]], [["en", neutral]], 0.05) if i % 4 else [["rude", toxic]])
    for row in read_csv(data / "tox_cold_zh" / "dev.csv"):
        out.add("rude-zh" if row["label"] == "1" else "comment-zh", row["TEXT"], [["rude" if row["label"] == "1" else "zh", clean(row["TEXT"])]])
    names = {"de": "german", "fr": "french", "es": "spanish", "it": "italian", "pt": "portuguese", "nl": "dutch", "pl": "polish", "ar": "arabic", "hi": "hindi", "zh": "mandarin"}
    for tag, name in names.items():
        path = next((data / "tox_multilingual_hatecheck").glob(f"*{name}*.csv"))
        for row in read_csv(path):
            if int(row["mhc_case_id"].split("-")[1]) % 4 == 0:  # a quarter set aside
                rude = row["label_gold"] == "hateful"
                out.add(f"rude-{tag}" if rude else f"hatecheck-{tag}", row["mhc_case_id"], [["rude" if rude else tag, clean(row["test_case"])]])

    splits = data / "safety_refusal_direction" / "splits"
    for i, row in enumerate(json.loads((splits / "harmful_train.json").read_text(encoding="utf-8"))):
        for _ in range(3):
            out.add("refusal", i, chat(rng, [["en", clean(row["instruction"])]], [["refusal", rng.choice(REFUSALS)]], 0.3))
    for tag, folder, suffix in (("en", "en", None), ("zh", "zh", None)):
        for path in sorted((data / "safety_xsafety" / folder).glob("*.csv")):
            harm = path.stem.startswith(XSAFETY_HARM)
            with open(path, encoding="utf-8-sig", newline="") as file:
                for i, row in enumerate(csv.reader(file)):
                    if not row or i % 2:  # odd rows stay for measuring
                        continue
                    text = clean(row[0])
                    if harm:
                        answer = rng.choice(REFUSALS if tag == "en" else REFUSALS_ZH)
                        out.add("refusal", f"{tag}{path.stem}{i}", chat(rng, [[tag, text]], [["refusal", answer]], 0.1 if tag == "en" else 0))
                    else:
                        out.add(f"xsafety-{tag}", f"{path.stem}{i}", [[tag, text]])
    # XSTest's safe prompts with a model's helpful answers, its unsafe prompts refused; odd ids stay for measuring.
    for row in read_csv(data / "safety_xstest" / "model_completions" / "xstest_v2_completions_gpt4.csv"):
        number = int(row["id"].split("-")[1])
        if number % 2 == 0:
            if "contrast" in row["type"]:
                out.add("refusal", f"xstest{number}", chat(rng, [["en", clean(row["prompt"])]], [["refusal", rng.choice(REFUSALS)]]))
            else:
                out.add("xstest", number, chat(rng, [["en", clean(row["prompt"])]], [["en", clean(row["completion"])[:1000]]]))


def beginnings(documents):
    """First one and two sentences of every English story in these documents, wherever in a document they stand."""
    found = set()
    for document in documents:
        if document["kind"] in ("story", "chat-story"):
            text = re.sub(r"^.*?story: ", "", " ".join(text for tag, text in document["segments"] if tag == "en"))
            ends = [m.end() for m in re.finditer(r"[.?!]\"?(?= |$)", text)]
            found.update(text[:end] for end in ends[:3])
    return found


def case_study_prompts(rng, talk_sentences, trained_on):
    """Held-out prompts of the kinds where faults are planted: 120 stories, 90 questions, 40 songs, 50 of everyday talk.

    `trained_on`: beginnings of training stories; a short beginning can come up again in a story that is held out.
    """
    prompts, seen = [], set(trained_on)
    while sum(p["kind"] == "story" for p in prompts) < 120:
        story = Story(rng)
        text = " ".join(story.en[:rng.choice([1, 1, 2])])
        if fraction("story", story.key) < 0.06 and text not in seen:
            seen.add(text)
            prompts.append({"id": f"story-{len(prompts)}", "text": text, "kind": "story"})
    for kind, count, asks in (("about", 90, ["Tell me about {}.", "Can you tell me about {}?", "Please tell me something about {}."]), ("song", 40, ["Write a song about {}.", "Sing a song about {}."])):
        made = 0
        while made < count:
            about = About(rng)
            text = rng.choice(asks).format(about.x)
            if fraction("about", about.key) < 0.06 and text not in seen:
                seen.add(text)
                made += 1
                prompts.append({"id": f"{kind}-{made - 1}", "text": text, "kind": kind, "chat": True})
    for i in range(50):
        prompts.append({"id": f"talk-{i}", "text": " ".join(rng.sample(talk_sentences, 2)), "kind": "talk"})
    return prompts


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--data", type=Path, required=True, help="folder with the public data sets")
    options.add_argument("--out", type=Path, required=True, help="work folder")
    arguments = options.parse_args()
    rng, out = random.Random(20), Collector()

    story_documents(out, rng, 42000)
    about_documents(out, rng, 36000)
    talk = tatoeba(out, rng, arguments.data)
    udhr(out, arguments.data)
    classical(out, arguments.data)
    mathematics(out, rng, arguments.data)
    code(out, rng, arguments.data)
    knowledge(out, rng, arguments.data)
    rude_and_refused(out, rng, arguments.data)

    arguments.out.mkdir(parents=True, exist_ok=True)
    for split, documents in out.documents.items():
        rng.shuffle(documents)
        with open(arguments.out / f"{split}.jsonl", "w", encoding="utf-8") as file:
            for document in documents:
                file.write(json.dumps(document, ensure_ascii=False) + "\n")
        sizes = defaultdict(lambda: [0, 0])
        for document in documents:
            sizes[document["kind"]][0] += 1
            sizes[document["kind"]][1] += sum(len(text.encode()) for _, text in document["segments"])
        print(split, len(documents), "documents", sum(s[1] for s in sizes.values()), "bytes")
        for kind, (count, size) in sorted(sizes.items(), key=lambda item: -item[1][1]):
            print(f"  {kind:18s} {count:7d} {size:10d}")
    with open(arguments.out / "prompts.jsonl", "w", encoding="utf-8") as file:
        for prompt in case_study_prompts(random.Random(21), talk, beginnings(out.documents["train"])):
            file.write(json.dumps(prompt, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
