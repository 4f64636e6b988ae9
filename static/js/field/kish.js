// Which adult of a household is asked: the tables of Kish (1949, JASA 44, pp. 380-387). The same as
// on the server; both run one file of vectors.

const TABLES = {
  A: [1, 1, 1, 1, 1, 1],
  B1: [1, 1, 1, 1, 2, 2],
  B2: [1, 1, 1, 2, 2, 2],
  C: [1, 1, 2, 2, 3, 3],
  D: [1, 2, 2, 3, 4, 4],
  E1: [1, 2, 3, 3, 3, 5],
  E2: [1, 2, 3, 4, 5, 5],
  F: [1, 2, 3, 4, 5, 6],
};
const POSITIONS = ["A", "A", "B1", "B2", "C", "C", "D", "D", "E1", "E2", "F", "F"];
const MOST = 6; // more adults count as six

/** The table of a household: its serial number and the assignment's grid (0 to 11) say which. */
export function tableOf(serial, grid) {
  return POSITIONS[(serial - 1 + grid) % POSITIONS.length];
}

/** The number of the adult to ask, listed men first, eldest first. */
export function chosenAdult(serial, grid, eligible) {
  return TABLES[tableOf(serial, grid)][Math.min(eligible, MOST) - 1];
}

/** A whole table, for showing it: the chosen number for 1, 2 … 6 adults. */
export function rowsOf(table) {
  return [...TABLES[table]];
}
