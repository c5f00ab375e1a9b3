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


async def test_the_command_says_where_and_fails(room, kept, database_url, tmp_path):
    points, _ = kept
    lines = [point.line() + "\n" for point in points]
    (tmp_path / "checkpoints-2026-01.jsonl").write_text("".join(lines) + '{"torn')
    sound = run(database_url, "--checkpoints", str(tmp_path))
    assert (sound.returncode, sound.stdout) == (
        0,
        "Sound: 40 events up to position 40, held against 2 checkpoints.\n",
    )
    async with room.kernel.database.transaction() as connection:
        await connection.execute(text("UPDATE events.log SET data = '{}' WHERE position = 9"))
    broken = run(database_url)
    assert (broken.returncode, broken.stdout) == (
        1,
        "Broken at position 9: Its content or its hash was altered.\n",
    )
    away = run("postgresql://u:secret@127.0.0.1:9/x")
    assert away.returncode == 2
    assert "secret" not in away.stderr
    (tmp_path / "checkpoints-2026-01.jsonl").write_text("nonsense\n" + lines[0])
    bad = run(database_url, "--checkpoints", str(tmp_path))
    assert bad.returncode == 2
    assert "line 1" in bad.stderr


async def test_the_verdict_as_json(room, kept, database_url):
    sound = {"checked": 40, "head": 40, "checkpoints": 0, "defect": None}
    assert json.loads(run(database_url, "--json").stdout) == sound
    async with room.kernel.database.transaction() as connection:
        await connection.execute(text("DELETE FROM events.log WHERE position = 9"))
    broken = run(database_url, "--json")
    defect = {"position": 9, "problem": "It is missing."}
    assert broken.returncode == 1
    assert json.loads(broken.stdout) == sound | {"checked": 8, "defect": defect}
