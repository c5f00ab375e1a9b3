"""The command line `python -m services.events.verify`."""

import json
import os
import subprocess
import sys

from sqlalchemy import text


def run(url: str, *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "services.events.verify", *arguments],
        env=os.environ | {"DATABASE_URL": url, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


async def test_the_command_prints_the_position_and_fails(
    service, stored_log, database_url, tmp_path
):
    points, _ = stored_log
    lines = [point.line() + "\n" for point in points]
    (tmp_path / "checkpoints-2026-01.jsonl").write_text("".join(lines) + '{"torn')
    valid = run(database_url, "--checkpoints", str(tmp_path))
    assert (valid.returncode, valid.stdout) == (
        0,
        "Valid: 40 events up to position 40, compared with 2 checkpoints.\n",
    )
    async with service.kernel.database.transaction() as connection:
        await connection.execute(text("UPDATE events.log SET data = '{}' WHERE position = 9"))
    invalid = run(database_url)
    assert (invalid.returncode, invalid.stdout) == (
        1,
        "Invalid at position 9: Its content or its hash was altered.\n",
    )
    unreachable = run("postgresql://u:secret@127.0.0.1:9/x")
    assert unreachable.returncode == 2
    assert "secret" not in unreachable.stderr
    (tmp_path / "checkpoints-2026-01.jsonl").write_text("nonsense\n" + lines[0])
    bad = run(database_url, "--checkpoints", str(tmp_path))
    assert bad.returncode == 2
    assert "line 1" in bad.stderr


async def test_the_verdict_as_json(service, stored_log, database_url):
    valid = {"checked": 40, "head": 40, "checkpoints": 0, "defect": None}
    assert json.loads(run(database_url, "--json").stdout) == valid
    async with service.kernel.database.transaction() as connection:
        await connection.execute(text("DELETE FROM events.log WHERE position = 9"))
    invalid = run(database_url, "--json")
    defect = {"position": 9, "problem": "It is missing."}
    assert invalid.returncode == 1
    assert json.loads(invalid.stdout) == valid | {"checked": 8, "defect": defect}
