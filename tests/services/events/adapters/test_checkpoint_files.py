from dataclasses import replace
from datetime import timedelta

import pytest

from services.events.adapters.checkpoint_files import FileChannel, read_checkpoints
from services.events.domain.checkpoints import ChannelError, Checkpoint
from services.events.domain.entries import Head
from tests.services.events.helpers import MORNING

POINT = Checkpoint(Head(7, bytes(32)), Head(), MORNING)


async def test_checkpoints_are_read_in_the_order_of_their_months(tmp_path):
    channel = FileChannel(tmp_path / "new" / "folder")
    points = [replace(POINT, time=MORNING + timedelta(days=days)) for days in (0, 1, 40)]
    for point in points:
        await channel.publish(point)
    assert read_checkpoints(tmp_path / "new" / "folder") == points
    files = sorted(path.name for path in (tmp_path / "new" / "folder").iterdir())
    assert files == ["checkpoints-2026-01.jsonl", "checkpoints-2026-02.jsonl"]


async def test_only_the_last_line_of_the_last_file_may_be_incomplete(tmp_path):
    await FileChannel(tmp_path).publish(POINT)
    path = tmp_path / "checkpoints-2026-01.jsonl"
    whole = path.read_text()
    path.write_text(whole + whole[:20])
    assert read_checkpoints(tmp_path) == [POINT]
    (tmp_path / "checkpoints-2026-02.jsonl").write_text(whole)
    with pytest.raises(ChannelError, match=r"01\.jsonl, line 2"):
        read_checkpoints(tmp_path)


async def test_a_folder_that_cannot_be_made_is_an_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ChannelError, match="file"):
        await FileChannel(tmp_path / "file").publish(POINT)


def test_a_folder_that_is_not_there_has_no_checkpoints(tmp_path):
    assert read_checkpoints(tmp_path / "none") == []
