"""Field masks select the fields to update, and invalid paths are refused."""

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from libral.users.v1 import users_pb2

from services.kernel.errors import InvalidArgumentError
from services.kernel.rpc.field_masks import masked_fields

ALLOWED = frozenset({"display_name", "roles"})
USER = users_pb2.User(display_name="花子", login="hanako")


@pytest.mark.parametrize(
    ("paths", "fields"),
    [
        ([], {"display_name"}),
        (["*"], {"display_name", "roles"}),
        (["roles"], {"roles"}),
        (["roles", "roles"], {"roles"}),
    ],
)
def test_a_mask_names_the_fields(paths, fields):
    assert masked_fields(FieldMask(paths=paths), USER, ALLOWED) == fields


@pytest.mark.parametrize(
    ("path", "words"),
    [("login", "cannot be updated"), ("nmae", "is no field"), ("", "is no field")],
)
def test_a_wrong_path_is_refused(path, words):
    with pytest.raises(InvalidArgumentError) as refused:
        masked_fields(FieldMask(paths=["roles", path]), USER, ALLOWED)
    assert [(one.field, words in one.description) for one in refused.value.violations] == [
        ("update_mask", True)
    ]
