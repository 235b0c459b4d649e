"""`make inventory`: writes what `test_program.py` holds the program to; review the diff."""

from tests.infra.harness import ROOT, STACKS, inventory, record_stack

if __name__ == "__main__":
    for stack in STACKS:
        path = ROOT / "tests/infra/inventory" / f"{stack}.txt"
        path.write_text(inventory(record_stack(stack)), encoding="utf-8")
