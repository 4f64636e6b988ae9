// What can come of a visit: the codes of analysis/dispositions.py, grouped as they are offered, and
// what they mean for a household and its area. Pure: calls in, states out. What the service tells of
// a household (`households` of an assignment) is where it stood after the calls of all tablets.

/** Groups in the order in which they are shown; interviews and drop-offs have buttons of their own. */
export const GROUPS = [
  ["later", ["appointment"]],
  ["absent", ["nobody_home", "respondent_away"]],
  ["refused", ["refusal_household", "refusal_respondent"]],
  ["unable", ["deceased", "unable", "language"]],
  ["place", ["not_found", "not_dwelling", "vacant", "unsafe"]],
  ["nobody", ["nobody_eligible", "quota_filled"]],
];
const PENDING = ["appointment", "given_out"];
const INTERVIEWS = ["complete", "partial"];

/** Whether an outcome settles its household. */
export function isFinal(outcome) {
  return !PENDING.includes(outcome);
}

function isInterview({ outcome }) {
  return INTERVIEWS.includes(outcome);
}

/**
 * What is known of a household, the last call last. The tablet's own calls have an order; what the
 * service tells comes after them when it is an interview or of a later day. An interview of its own
 * stays the last word.
 */
function knownOf({ code, households = [] }, calls, serial) {
  const own = calls.filter((call) => call.assignment === code && call.household === serial);
  const told = households.find((one) => one.household === serial);
  if (!told) return own;
  const last = own.at(-1);
  const isLater = isInterview(told) || !last || told.day > last.day;
  return isLater && !(last && isInterview(last)) ? [...own, told] : [told, ...own];
}

/** Where a household stands: its last call, and "todo", "pending", "done" or "lost". */
export function householdOf(assignment, calls, serial) {
  const known = knownOf(assignment, calls, serial);
  const last = known.at(-1) ?? null;
  // the adult that was chosen at an earlier call stays chosen
  const selected = known.findLast((call) => call.eligible !== undefined) ?? null;
  let state = "todo";
  if (last && isInterview(last)) state = "done";
  else if (last) state = isFinal(last.outcome) ? "lost" : "pending";
  return { serial, last, selected, state, substitute: serial > assignment.quota };
}

/** All households of an area; substitutes are open as far as others were lost for good. */
export function householdsOf(assignment, calls) {
  const all = Array.from(
    { length: assignment.quota + assignment.reserve },
    (_one, place) => householdOf(assignment, calls, place + 1),
  );
  const lost = all.filter((household) => household.state === "lost").length;
  return all.map((household) => ({
    ...household, locked: household.serial - assignment.quota > lost,
  }));
}

/** How far an area is: interviews done, still to do, and calls that were put off. */
export function progressOf(assignment, calls) {
  const open = householdsOf(assignment, calls).filter((household) => !household.locked);
  const done = open.filter((household) => household.state === "done").length;
  const pending = open.filter((household) => household.state === "pending").length;
  const todo = open.filter((household) => household.state === "todo").length;
  return { done, pending, todo, quota: assignment.quota };
}
