"""Is a definition sound? Codes unique, every index leaf asked exactly once, weights sum to one."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal

from questionnaires.model import (
    ANSWERED,
    IndexDefinition,
    Item,
    Leaf,
    Measure,
    Node,
    QuestionnaireVersion,
)
from questionnaires.refusal import Refusal
from questionnaires.rules import is_well_formed, items_named, number

WEIGHT_TOLERANCE = Decimal("1e-9")
POOLED = ("pooled_items", "pooled_respondents")
BINDINGS: dict[Measure, set[str]] = {
    "favourable_share": {"item"},
    "mean_score": {"item"},
    "option_points": {"item", "points"},
    "reported": set(),
    "node": {"index", "node"},
}
Say = Callable[..., Refusal]


def problems_in_questionnaire(version: QuestionnaireVersion) -> list[Refusal]:
    """List what is unsound in a questionnaire version, the first place first."""
    say = _sayer("Phiếu {file}", file=version.name)
    codes = [*(section.code for section in version.section), *(i.code for i in version.items)]
    problems = [say("mã «{code}» được dùng {n} lần.", code=c, n=n) for c, n in _repeated(codes)]
    for code, n in _repeated(scale.code for scale in version.scale):
        problems.append(say("thang đo «{code}» được khai báo {n} lần.", code=code, n=n))
    asked = [item.code for item in version.items if item.kind != "note"]
    earlier: set[str] = set()
    for item in version.items:
        say = _sayer("Phiếu {file}, câu hỏi {item}", file=version.name, item=item.code)
        problems += _problems_in_options(say, item)
        problems += _problems_in_item(say, item)
        problems += _problems_in_rule(say, item, earlier, asked)
        if item.kind != "note":
            earlier.add(item.code)
    return problems


def problems_in_index(index: IndexDefinition) -> list[Refusal]:
    """List what is unsound in an index definition taken by itself, the first place first."""
    problems = list(_problems_in_tree(index))
    if problems:
        return problems
    for node in index.node:
        say = _sayer("Chỉ số {file}, nút {node}", file=index.code, node=node.code)
        problems += _problems_in_weights(say, node)
        problems += _problems_in_sum(say, index, node)
        problems += _problems_in_pooling(say, index, node)
    for leaf in index.leaf:
        say = _sayer("Chỉ số {file}, tiêu chí {leaf}", file=index.code, leaf=leaf.code)
        unbound = list(_problems_in_binding(say, leaf))
        problems += unbound
        if leaf.measure in ANSWERED and not unbound:
            problems += _problems_in_scale(say, index, leaf)
            problems += _problems_in_points(say, index, leaf)
    return problems


def problems_at_publication(
    index: IndexDefinition, versions: Iterable[QuestionnaireVersion]
) -> list[Refusal]:
    """List what keeps an index from being published with the questionnaires it names.

    Every leaf that reads an answer must be asked exactly once over all its questionnaires, by an
    item with one answer, and its scale must be options of that item that lie on the scale.
    """
    problems: list[Refusal] = []
    asked = [item for version in versions for item in version.items if item.kind != "note"]
    for leaf in index.leaf:
        if leaf.measure not in ANSWERED:
            continue
        say = _sayer("Chỉ số {file}, tiêu chí {leaf}", file=index.code, leaf=leaf.code)
        found = [item for item in asked if item.code == leaf.item]
        if len(found) != 1:
            template = "câu hỏi «{item}» được hỏi {n} lần."
            problems.append(say(template, item=leaf.item, n=len(found)))
            continue
        if found[0].kind == "multiple":
            problems.append(say("câu «{item}» nhận nhiều phương án một lúc.", item=leaf.item))
        inside = {option.code for option in found[0].inside}
        for code in index.scale_of(leaf):
            if code not in inside:
                template = "câu «{item}» không có phương án {code}."
                problems.append(say(template, item=leaf.item, code=code))
    return problems


def require_sound(problems: Sequence[Refusal]) -> None:
    """Raise the first problem of a list, if there is one."""
    if problems:
        raise problems[0]


def _repeated(codes: Iterable[str]) -> list[tuple[str, int]]:
    return [(code, n) for code, n in Counter(codes).items() if n > 1]


def _sayer(place: str, **where: object) -> Say:
    """Return a maker of refusals that all begin with one place."""

    def say(template: str, **fields: object) -> Refusal:
        return Refusal(f"{place}: {template}", **where, **fields)

    return say


def _problems_in_options(say: Say, item: Item) -> Iterator[Refusal]:
    for code, n in _repeated(option.code for option in item.option):
        yield say("phương án «{code}» có {n} lần.", code=code, n=n)
    if item.kind in ("text", "note") and item.option:
        yield say("loại câu «{kind}» không có phương án trả lời.", kind=item.kind)
    if item.kind in ("single", "multiple", "scale") and len(item.inside) < 2:
        yield say("cần ít nhất hai phương án trả lời.")
    if item.kind == "scale" and any(number(option.code) is None for option in item.inside):
        yield say("mã trên thang đo phải là số.")
    if item.kind == "number":
        if item.inside:
            yield say("câu hỏi một số chỉ có phương án ngoài thang đo.")
        for option in item.option:
            if _may_be_answered(item, option.code):
                template = "mã «{code}» cũng là một số trả lời được; hãy đặt min, max để tách ra."
                yield say(template, code=option.code)


def _may_be_answered(item: Item, code: str) -> bool:
    value = number(code)
    if value is None:
        return False
    return (item.min is None or value >= item.min) and (item.max is None or value <= item.max)


def _problems_in_item(say: Say, item: Item) -> Iterator[Refusal]:
    inside = {option.code for option in item.inside}
    for code in item.headline:
        if code not in inside:
            yield say("phương án «{code}» của tỷ lệ công bố không có trên thang.", code=code)
    if item.min is not None and item.max is not None and item.min > item.max:
        yield say("số nhỏ nhất lớn hơn số lớn nhất.")
    if item.sensitive and not any(option.outside == "no_answer" for option in item.option):
        yield say("câu hỏi dữ liệu nhạy cảm phải có phương án không trả lời.")
    if item.wording == "published" and not item.source:
        yield say("lời văn ghi là đã công bố nhưng thiếu nguồn.")


def _problems_in_rule(
    say: Say, item: Item, earlier: set[str], asked: list[str]
) -> Iterator[Refusal]:
    if item.asked_if is None:
        return
    if not is_well_formed(item.asked_if):
        yield say("điều kiện hỏi viết sai cú pháp.")
        return
    for code in items_named(item.asked_if):
        if code not in asked:
            yield say("điều kiện hỏi nêu câu «{other}» không có.", other=code)
        elif code not in earlier:
            yield say("điều kiện hỏi nêu câu «{other}» không đứng trước nó.", other=code)


def _problems_in_tree(index: IndexDefinition) -> Iterator[Refusal]:
    say = _sayer("Chỉ số {file}", file=index.code)
    codes = [*(node.code for node in index.node), *(leaf.code for leaf in index.leaf)]
    for code, n in _repeated(codes):
        yield say("mã «{code}» được dùng {n} lần.", code=code, n=n)
    if index.root not in codes:
        yield say("không có gốc «{code}».", code=index.root)
        return
    parents = Counter(child for node in index.node for child in node.children)
    for child, n in parents.items():
        if child not in codes:
            yield say("thành phần «{code}» được nêu nhưng không có.", code=child)
        elif n > 1 or child == index.root:
            yield say("thành phần «{code}» có nhiều hơn một nút cha.", code=child)
    reached = _reached_from_root(index)
    for code in dict.fromkeys(codes):
        if code not in reached:
            yield say("«{code}» không nối tới gốc «{root}».", code=code, root=index.root)


def _reached_from_root(index: IndexDefinition) -> set[str]:
    children = {node.code: node.children for node in index.node}
    reached: set[str] = set()
    waiting = [index.root]
    while waiting:
        code = waiting.pop()
        if code not in reached:
            reached.add(code)
            waiting += children.get(code, ())
    return reached


def _problems_in_weights(say: Say, node: Node) -> Iterator[Refusal]:
    if (node.rollup == "weighted_mean") != (node.weights is not None):
        yield say("trọng số đi cùng (và chỉ đi cùng) cách gộp weighted_mean.")
        return
    if node.weights is None:
        return
    if len(node.weights) != len(node.children):
        yield say("cần một trọng số cho mỗi thành phần.")
    if any(weight < 0 for weight in node.weights):
        yield say("trọng số không được âm.")
    total = sum(node.weights, Decimal(0))
    if abs(total - 1) > WEIGHT_TOLERANCE:
        yield say("tổng trọng số là {total}, phải bằng 1.", total=total)


def _problems_in_sum(say: Say, index: IndexDefinition, node: Node) -> Iterator[Refusal]:
    if node.rollup != "sum":
        return
    for child in node.children:
        if index.max_points_of(index.by_code[child]) is None:
            yield say("thành phần «{child}» thiếu điểm tối đa.", child=child)
            return
    total = index.max_points_of(node)
    if node.max_points is not None and node.max_points != total:
        template = "điểm tối đa {given} khác tổng điểm các thành phần {total}."
        yield say(template, given=node.max_points, total=total)


def _problems_in_pooling(say: Say, index: IndexDefinition, node: Node) -> Iterator[Refusal]:
    if node.rollup not in POOLED:
        return
    for leaf in index.leaves_below(node.code):
        if leaf.measure not in ANSWERED:
            template = "cách gộp {rollup} chỉ nhận tiêu chí tính từ phiếu, không nhận «{leaf}»."
            yield say(template, rollup=node.rollup, leaf=leaf.code)


def _problems_in_binding(say: Say, leaf: Leaf) -> Iterator[Refusal]:
    needed = BINDINGS[leaf.measure]
    given = {
        name for name in ("item", "points", "index", "node") if getattr(leaf, name) is not None
    }
    for name in sorted(needed - given):
        yield say("cách đo {measure} cần «{name}».", measure=leaf.measure, name=name)
    for name in sorted(given - needed):
        yield say("cách đo {measure} không dùng «{name}».", measure=leaf.measure, name=name)


def _problems_in_scale(say: Say, index: IndexDefinition, leaf: Leaf) -> Iterator[Refusal]:
    scale = index.scale_of(leaf)
    if not scale:
        yield say("thiếu thang đo.")
    for code, n in _repeated(scale):
        yield say("thang đo có mã «{code}» {n} lần.", code=code, n=n)
    if leaf.measure == "favourable_share":
        if not index.favourable_of(leaf):
            yield say("thiếu phương án hài lòng.")
        for code in index.favourable_of(leaf):
            if code not in scale:
                yield say("phương án hài lòng «{code}» không có trên thang đo.", code=code)
    if leaf.measure == "mean_score":
        values = [number(code) for code in scale]
        if any(value is None or value < 0 for value in values) or not any(values):
            yield say("cách đo mean_score cần thang đo bằng số không âm.")


def _problems_in_points(say: Say, index: IndexDefinition, leaf: Leaf) -> Iterator[Refusal]:
    if leaf.points is None:
        return
    scale = set(index.scale_of(leaf))
    for code in sorted(leaf.points.keys() - scale):
        yield say("bảng điểm có phương án «{code}» không có trên thang đo.", code=code)
    for code in sorted(scale - leaf.points.keys()):
        yield say("bảng điểm thiếu phương án «{code}» của thang đo.", code=code)
    for code, points in leaf.points.items():
        if not 0 <= points <= 1:
            template = "điểm {points} của phương án «{code}» phải từ 0 đến 1."
            yield say(template, points=points, code=code)
