"""Small data sets that can be learned within seconds."""

import csv
import io
import json
import random

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

GOOD = ["wonderful", "great", "lovely", "superb", "delightful", "excellent", "charming", "brilliant"]
BAD = ["awful", "dreadful", "boring", "terrible", "poor", "dull", "nasty", "horrible"]
NOUNS = ["film", "meal", "hotel", "book", "concert", "service", "room", "trip"]
FILLERS = ["the", "we", "found", "that", "was", "really", "quite", "and", "this", "last", "year", "again", "very"]
TOPICS = {
    "cooking": (["bake", "roast", "simmer", "whisk", "grill"], ["oven", "pan", "dough", "soup", "sauce"]),
    "sailing": (["anchor", "steer", "moor", "tack", "drift"], ["mast", "keel", "harbour", "rope", "sail"]),
    "garden": (["plant", "prune", "water", "weed", "harvest"], ["rose", "soil", "hedge", "tulip", "compost"]),
    "music": (["play", "tune", "compose", "sing", "hum"], ["violin", "chord", "drum", "melody", "flute"]),
    "space": (["launch", "orbit", "land", "dock", "float"], ["rocket", "comet", "planet", "moon", "star"]),
    "law": (["sue", "appeal", "judge", "plead", "rule"], ["court", "jury", "verdict", "lawyer", "trial"]),
}


def digits(rows=None, classes=range(10)):
    """Handwritten digits of 8 x 8 pixels as images.npz."""
    found = load_digits()
    chosen = np.flatnonzero(np.isin(found.target, list(classes)))[:rows]
    buffer = io.BytesIO()
    pixels = np.rint(found.images[chosen] / 16 * 255).astype(np.uint8)
    np.savez(buffer, images=pixels, labels=found.target[chosen])
    return buffer.getvalue()


def picture(colour, size=(12, 12)):
    """A PNG of one colour with some noise."""
    noise = np.random.default_rng(sum(colour)).integers(-20, 20, (*size, 3))
    buffer = io.BytesIO()
    Image.fromarray(np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def table(columns, rows):
    """A CSV."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerows([columns, *rows])
    return text.getvalue()


def opinions(rows, seed=1, names=("negative", "positive")):
    """Texts of like or dislike, some of them turned by a "not"."""
    chance, found = random.Random(seed), []
    for _ in range(rows):
        likes, turned = chance.random() < 0.5, chance.random() < 0.3
        said = chance.choice(GOOD if likes != turned else BAD)
        opening = [chance.choice(FILLERS) for _ in range(chance.randint(1, 4))]
        middle = ["the", chance.choice(NOUNS), "was", *(["not"] if turned else []), said]
        found.append((" ".join([*opening, *middle]), names[likes]))
    return table(["text", "label"], found)


def question(topic, chance):
    return f"how do i {chance.choice(TOPICS[topic][0])} {chance.choice(['well', 'fast', 'safely', 'today'])}"


def passage(topic, chance):
    first, second = chance.sample(TOPICS[topic][1], 2)
    return f"{chance.choice(['about', 'notes on', 'all of'])} the {first} and {second}"


def pairs(rows, seed=5):
    """Questions and passages of the same topic."""
    chance = random.Random(seed)
    topics = [chance.choice(list(TOPICS)) for _ in range(rows)]
    return table(["text", "positive"], [(question(topic, chance), passage(topic, chance)) for topic in topics])


def rankings(queries, seed=5):
    """Queries with five passages each, some of the same topic."""
    chance, lines = random.Random(seed), []
    for number in range(queries):
        topic = chance.choice(list(TOPICS))
        query = f"{question(topic, chance)} {number}"
        for _ in range(5):
            fits = chance.random() < 0.4
            other = topic if fits else chance.choice([name for name in TOPICS if name != topic])
            lines.append(json.dumps({"query": query, "text": passage(other, chance), "label": int(fits)}))
    return "\n".join(lines) + "\n"
