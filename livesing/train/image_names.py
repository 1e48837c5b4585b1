"""How the things feel that the teacher knows by name: our own judgement of ImageNet's classes, twice.

A teacher of objects says "hammer" or "puppy"; that a puppy is liked it does not say. The table here says it,
coarsely, group by group: valence and arousal in -2..2, zero for what is left out. The dictionary translator's
table says it class by class (livesing/translation/imagenet.tsv). Both were written down from the names alone.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from livesing.errors import UsageError
from livesing.translation import class_table

LABELS = "imagenet_labels.txt"
TEMPERATURES = (1.0, 3.0)
"""Of the softmax over the class scores: the likeliest thing, and what it is all like."""

GROUPS: tuple[tuple[float, float, str], ...] = (
    (1.0, 0.1, "cock .. bald eagle; black grouse .. goose; white stork .. albatross"),
    (-0.4, 0.5, "vulture; great grey owl"),
    (-1.5, 1.6, "great white shark .. hammerhead"),
    (-0.3, 0.6, "electric ray; stingray"),
    (-0.3, 0.2, "European fire salamander .. Komodo dragon"),
    (-1.0, 1.3, "African crocodile; American alligator"),
    (-1.5, 1.2, "thunder snake .. sidewinder; harvestman .. centipede"),
    (1.0, 0.2, "black swan; echidna .. wombat; tusker"),
    (-0.3, 0.1, "jellyfish .. isopod"),
    (1.0, 0.6, "grey whale .. sea lion"),
    (1.6, 0.3, "Chihuahua .. Mexican hairless"),
    (
        0.9,
        0.9,
        "Rottweiler; Doberman; bull mastiff; Staffordshire bullterrier; American Staffordshire terrier",
    ),
    (0.0, 1.3, "timber wolf .. hyena"),
    (1.1, 0.4, "red fox .. grey fox"),
    (1.5, 0.2, "tabby .. Egyptian cat"),
    (0.8, 1.5, "cougar .. cheetah"),
    (0.1, 1.4, "brown bear .. sloth bear"),
    (1.0, 0.2, "mongoose; meerkat; ladybug; dragonfly .. lycaenid"),
    (-0.6, 0.3, "tiger beetle; ground beetle .. lacewing"),
    (-1.5, 0.6, "fly; cockroach; tick"),
    (1.4, 0.3, "wood rabbit .. guinea pig"),
    (-0.2, 0.3, "hog; wild boar; warthog; hippopotamus; skunk"),
    (1.0, 0.2, "sorrel; zebra; ox .. llama; weasel .. otter; badger .. three-toed sloth"),
    (0.9, 0.5, "orangutan .. indri"),
    (1.4, 0.4, "Indian elephant .. giant panda"),
    (
        -2.0,
        1.8,
        "assault rifle; cannon; holster; missile; projectile; revolver; rifle; tank; warplane; half track",
    ),
    (
        -1.3,
        1.0,
        "guillotine; cleaver; hatchet; chain saw; gasmask; bulletproof vest; military uniform; submarine",
    ),
    (
        -1.5,
        0.9,
        "ambulance; crutch; stretcher; syringe; wreck; neck brace; oxygen mask; Band Aid; stethoscope",
    ),
    (
        -1.3,
        0.6,
        "prison; police van; chain; chainlink fence; muzzle; mousetrap; "
        "combination lock; padlock; manhole cover",
    ),
    (
        -1.2,
        -0.1,
        "ashcan; garbage truck; toilet seat; toilet tissue; plunger; plastic bag; dishrag; pill bottle",
    ),
    (-0.2, 1.4, "fire engine; volcano; cliff; torch; crash helmet"),
    (-0.8, 0.6, "mask; ski mask; cloak; spider web; vault; crate; lighter; matchstick; mosquito net"),
    (
        -0.7,
        0.3,
        "crane; drilling platform; freight car; oil filter; tow truck; trailer truck; harvester; thresher",
    ),
    (
        -0.3,
        -0.7,
        "abacus; analog clock; ballpoint; binder; carton; desk; desktop computer; envelope; file; hook; nail",
    ),
    (
        -0.3,
        -0.6,
        "iron; modem; mouse; packet; paper towel; photocopier; printer; radiator; rubber eraser; rule; screw",
    ),
    (
        -0.2,
        -0.6,
        "switch; vacuum; washer; dishwasher; refrigerator; bucket; broom; hammer; safety pin; soap dispenser",
    ),
    (
        -0.3,
        -0.5,
        "parking meter; pay-phone; street sign; wall clock; wardrobe; window shade; doormat; swab; barrow",
    ),
    (
        1.1,
        0.5,
        "accordion; acoustic guitar; banjo; bassoon; cello; cornet; drum; "
        "electric guitar; flute; French horn",
    ),
    (
        1.1,
        0.4,
        "grand piano; harmonica; harp; marimba; oboe; panpipe; sax; steel drum; trombone; upright; violin",
    ),
    (
        0.8,
        1.2,
        "stage; spotlight; theater curtain; microphone; loudspeaker; scoreboard; racer; sports car; bobsled",
    ),
    (
        1.6,
        0.6,
        "balloon; carousel; Christmas stocking; confectionery; toyshop; bakery; candle; jack-o'-lantern",
    ),
    (
        1.6,
        0.4,
        "ice cream; ice lolly; trifle; chocolate sauce; cheeseburger; pizza; pretzel; "
        "bagel; espresso; eggnog",
    ),
    (
        1.1,
        0.1,
        "French loaf; carbonara; burrito; red wine; wine bottle; beer glass; goblet; cup; coffee mug; teapot",
    ),
    (1.3, 0.1, "Granny Smith .. pomegranate; restaurant; cocktail shaker"),
    (0.5, -0.2, "head cabbage .. mushroom; plate; soup bowl; dining table; consomme; hot pot; mashed potato"),
    (2.0, 0.3, "alp; lakeside; promontory; sandbar; seashore; valley; coral reef"),
    (
        1.5,
        0.5,
        "geyser; bubble; bikini; catamaran; canoe; gondola; schooner; trimaran; yawl; "
        "parachute; snorkel; swing",
    ),
    (
        1.0,
        1.2,
        "ballplayer; scuba diver; ski; dogsled; snowmobile; speedboat; mountain bike; paddle; space shuttle",
    ),
    (
        1.2,
        0.7,
        "rugby ball; soccer ball; volleyball; baseball; basketball; football helmet; "
        "horizontal bar; swimming trunks",
    ),
    (2.0, 0.7, "groom; gown; hoopskirt; necklace"),
    (1.7, 0.1, "rapeseed; daisy; yellow lady's slipper; vase; pot; greenhouse; picket fence; sundial"),
    (-0.3, -0.2, "coral fungus .. bolete; acorn; hip; buckeye; hay"),
    (
        1.3,
        0.1,
        "palace; castle; church; monastery; fountain; boathouse; dome; stupa; patio; park bench; pier",
    ),
    (
        1.0,
        0.2,
        "suspension bridge; steel arch bridge; viaduct; triumphal arch; totem pole; birdhouse; dock; library",
    ),
    (1.7, 0.3, "teddy; bassinet; cradle; crib; bib; bonnet; pajama"),
    (0.7, -0.6, "wool; quilt; pillow; velvet; cardigan; studio couch; rocking chair; honeycomb; apiary"),
    (1.2, 0.8, "mountain tent; planetarium; sunglass; sunglasses; sombrero; cowboy hat; convertible"),
    (
        -0.6,
        -0.5,
        "megalith; obelisk; pedestal; stone wall; hourglass; altar; coil; worm fence; "
        "dam; tile roof; trench coat",
    ),
)


def class_feelings(labels: Sequence[str]) -> NDArray[np.float32]:
    """(valence, arousal) of every class, [len(labels), 2]; names that the labels do not hold are left out."""
    place: dict[str, int] = {}
    for number, label in enumerate(labels):
        place.setdefault(label.split(",")[0].strip(), number)
    feelings = np.zeros((len(labels), 2), np.float32)
    for valence, arousal, names in GROUPS:
        for part in names.split(";"):
            first, _, last = (name.strip() for name in part.partition(".."))
            if first in place and (not last or last in place):
                feelings[place[first] : place[last or first] + 1] = valence, arousal
    return feelings


def read_class_feelings(folder: Path) -> NDArray[np.float32]:
    """By both tables, for the teacher's own label file: valence and arousal by groups, then class by class,
    [1001, 4]. Raises UsageError where the file is missing."""
    path = folder / LABELS
    if not path.is_file():
        raise UsageError(f"the teacher's labels are missing: {path}")
    groups = class_feelings(path.read_text(encoding="utf-8").splitlines())
    shipped = class_table.shipped("biggan")
    assert shipped is not None
    table = class_table.load(shipped)
    single = np.zeros_like(groups)
    single[1 + table.numbers] = table.places  # the teacher's class 0 is the background
    return np.concatenate([groups, single], 1)


def feelings_of_scores(scores: NDArray[np.float32], feelings: NDArray[np.float32]) -> NDArray[np.float32]:
    """The expected feeling of what the teacher names: scores [N, 1001], feelings [1001, K]
    -> [N, K * len(TEMPERATURES)]."""
    columns = []
    for temperature in TEMPERATURES:
        powers = scores / temperature
        chances = np.exp(powers - powers.max(1, keepdims=True))
        columns.append(chances / chances.sum(1, keepdims=True) @ feelings)
    return np.concatenate(columns, 1)
