// Routing rules (asked_if): the same tree, with the same outcome, as questionnaires/rules.py.
// Both run tests/questionnaires/asked_if_vectors.json. Shared by kiosks and tablets.

const MOST_DIGITS = 15; // up to there binary arithmetic orders decimals exactly
const ORDER = {
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
};

/** A number that travels as text; null when it is not one. */
export function number(text) {
  const written = String(text);
  if (!/^[+-]?[0-9]*\.?[0-9]*$/.test(written)) return null;
  const digits = written.replace(/[^0-9]/g, "").length;
  return digits >= 1 && digits <= MOST_DIGITS ? Number(written) : null;
}

/** Evaluate a rule on the on-path answers so far; `outside` lists codes off the scale by item. */
export function holds(rule, answers, outside = {}) {
  const [op, ...operands] = rule;
  if (op === "and") return operands.every((part) => holds(part, answers, outside));
  if (op === "or") return operands.some((part) => holds(part, answers, outside));
  if (op === "not") return !holds(operands[0], answers, outside);
  const [left, right] = operands.map((operand) => valueOf(operand, answers));
  if (left === null || right === null) return false;
  if (op === "has") return [left].flat().some((code) => equal(code, right));
  if (op === "in") return right.some((constant) => equal(left, constant));
  if (op === "==") return equal(left, right);
  if (op === "!=") return !equal(left, right);
  if (operands.some((operand) => isOutside(operand, answers, outside))) return false;
  const [a, b] = [left, right].map((side) => (Array.isArray(side) ? null : number(side)));
  return a !== null && b !== null && ORDER[op](a, b);
}

function isReference(operand) {
  return Array.isArray(operand) && operand.length === 2 && operand[0] === "item"
    && typeof operand[1] === "string";
}

function answerTo(code, answers) {
  const given = Object.hasOwn(answers, code) ? answers[code] : null;
  return given === undefined || given === null || given.length === 0 ? null : given;
}

function valueOf(operand, answers) {
  return isReference(operand) ? answerTo(operand[1], answers) : operand;
}

function equal(left, right) {
  if (Array.isArray(left) || Array.isArray(right)) return false;
  const [a, b] = [number(left), number(right)];
  return a !== null && b !== null ? a === b : String(left) === String(right);
}

function isOutside(operand, answers, outside) {
  if (!isReference(operand) || !Object.hasOwn(outside, operand[1])) return false;
  return outside[operand[1]].includes(answerTo(operand[1], answers));
}
