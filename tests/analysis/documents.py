"""The golden documents of the command line: how each is made, and how all are made again.

`python -m tests.analysis.documents` in the root writes them anew; look at the difference before
you keep it, for a key that others read is a promise (docs/schemas/README.md).
"""

import json
import os
import shlex
from pathlib import Path
from typing import Any

from analysis.__main__ import main

ROOT = Path(__file__).parents[2]
DOCUMENTS = Path(__file__).parent / "golden" / "documents"
SCHEMAS = ROOT / "docs" / "schemas"

TWO_STAGE = """
    --index {golden}/twostage.toml --data {golden}/twostage.csv
    --stratum stratum --psu commune,village --fpc N1,N2 --weight weight
"""
WAVE = """
    --data {golden}/years_now.csv
    --stratum stratum --psu psu --fpc N_psu --weight weight --by unit
"""
YEARS = f"--index {{golden}}/years.toml {WAVE}"
RULES = """
    --index {golden}/rules.toml --data {golden}/rules.csv
    --stratum stratum --psu psu --weight weight --lonely collapse --by unit
"""
LEAGUE = """
    --index {golden}/league.toml --data {golden}/league.csv
    --stratum stratum --psu rater --weight weight --by unit
"""
EDGE = """
    --index {documents}/small.toml --data {golden}/edge.csv
    --stratum stratum --psu psu --weight tiny --fpc N_psu --by unit
"""
LINKED = """
    --index {documents}/linked.toml --data {golden}/twostage.csv --stratum stratum
    --psu commune --weight weight --reported {documents}/linked_values.csv --by sex
"""
SCHOOLS = "--index {golden}/apisrs.toml --data {golden}/apisrs.csv --by stype"
FORM = """
    --questionnaire {documents}/form.toml --data {documents}/answers.csv
    --stratum stratum --psu psu --weight weight
"""
FRAME = "--frame {documents}/frame.csv --take 12 --rho 0.03"

# Name of the document: its command line in the root. Some read the result of one above.
COMMANDS = {
    "index_two_stage": f"index {TWO_STAGE} --by sex --by stratum --min-n 0",
    "index_raked": """index --index {golden}/calibrated.toml --data {golden}/calibrated.csv
        --stratum stratum --psu psu --weight weight --rake {golden}/calibrated_margins.csv
        --bounds 0.3,3 --by unit""",
    "index_changes": f"index {YEARS} --previous {{golden}}/years_panel.csv --ci kg",
    "index_changes_self_selected": f"""index {SCHOOLS} --source self-selected
        --previous {{golden}}/apistrat.csv""",
    "index_units": f"""index --index {{documents}}/small.toml {WAVE} --combine unit
        --dossiers {{documents}}/dossiers.csv --check jackknife""",
    "index_units_hidden": f"index {EDGE} --combine unit --reliability suppress",
    "index_bootstrap": f"index {TWO_STAGE} --check bootstrap",
    "index_self_selected": f"index {SCHOOLS} --source self-selected --combine stype",
    "index_assumed": f"index {SCHOOLS} --source self-selected --assume-srs",
    "index_census": f"index {SCHOOLS} --source census --ranking dense",
    "index_collapsed": f"index {RULES} --ci t --confidence 0.9 --reliability off",
    "index_suppressed": f"index {EDGE}",
    "index_given": """index --index {documents}/given.toml --min-n 0
        --from {documents}/index_two_stage.json --reported {documents}/given_values.csv""",
    "index_linked": f"""index {LINKED} --from {{documents}}/index_two_stage.json
        --check jackknife""",
    "index_of_hidden": f"""index {TWO_STAGE} --by sex --min-n 119""",
    "index_linked_to_hidden": f"index {LINKED} --from {{documents}}/index_of_hidden.json",
    "index_reconstructed": """index --index {documents}/officials.toml
        --data survey_app/demo/officials_2022_reconstructed.csv --by group
        --combine group""",
    "describe_bands": f"describe {FORM} --bands age=30,60 --by area --min-n 0",
    "describe_suppressed": f"describe {FORM} --by area --reliability suppress",
    "describe_self_selected": f"describe {FORM} --source self-selected",
    "compare_years": f"""compare {YEARS} --previous {{golden}}/years_panel.csv
        --node TOTAL --node C --min-n 0""",
    "compare_mean": f"compare {LEAGUE} --against mean --correction bh --ranking dense",
    "compare_edges": f"compare {EDGE} --node q4 --node A --correction none --seed 7 --draws 500",
    "compare_hidden_unit": f"compare {EDGE} --against one --draws 500",
    "compare_self_selected": f"compare {SCHOOLS} --source self-selected",
    "compare_reconstructed": """compare --index {documents}/officials.toml --draws 500
        --data survey_app/demo/officials_2022_reconstructed.csv --by group
        --previous survey_app/demo/officials_2022_reconstructed.csv""",
    "compare_linked": f"""compare {LINKED} --from {{documents}}/index_two_stage.json
        --node TOTAL --node reported --draws 500""",
    "weights_raked": """weights --data {golden}/weights.csv --weight weight
        --rake {golden}/weights_margins.csv --format json""",
    "weights_responded": """weights --data {documents}/sampled.csv --probability p1,p2
        --responded responded --classes area,sex --poststratify {documents}/areas.csv
        --format json""",
    "weights_read": """weights --data {golden}/twostage.csv --stratum stratum
        --psu commune,village --fpc N1,N2 --weight weight --format json""",
    "plan_margins": """plan --frame tests/analysis/data/frame.csv --margin 0.03
        --unit-margin 0.06 --take 12 --rho 0.03 --response-rate 0.85 --allocation neyman""",
    "plan_draw": f"""plan {FRAME} --respondents 240 --unit-psus 3 --allocation power
        --draw {{documents}}/psus.csv --seed golden --draw-method pps --reserves 1""",
    "plan_after_a_wave": """plan --frame {documents}/frame.csv --change 0.25 --cost-ratio 40
        --previous {documents}/index_changes.json --correlation 0.3""",
    "plan_from_a_list": "plan --frame {documents}/lists.csv --margin 0.05",
}


def arguments_of(name: str) -> list[str]:
    """The arguments of the command line of one golden document, run in the root."""
    places = {"golden": DOCUMENTS.parent, "documents": DOCUMENTS}
    relative = {key: path.relative_to(ROOT).as_posix() for key, path in places.items()}
    return shlex.split(COMMANDS[name].format(**relative))


def command_of(name: str) -> str:
    """The subcommand that makes a document."""
    return arguments_of(name)[0]


def golden_document(name: str) -> Any:
    """The golden document of a name."""
    return json.loads((DOCUMENTS / f"{name}.json").read_text(encoding="utf-8"))


def schema_of(command: str) -> Any:
    """The JSON schema of what a subcommand writes."""
    return json.loads((SCHEMAS / f"{command}.schema.json").read_text(encoding="utf-8"))


def make_again() -> None:
    """Write all golden documents anew, in the order of the table."""
    os.chdir(ROOT)
    for name in COMMANDS:
        if main([*arguments_of(name), "--out", str(DOCUMENTS / f"{name}.json")]):
            raise SystemExit(f"{name}: the command was refused")


if __name__ == "__main__":
    make_again()
