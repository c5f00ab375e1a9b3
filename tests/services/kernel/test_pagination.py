import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from libral.users.v1 import users_pb2

from services.kernel.errors import InvalidArgumentError
from services.kernel.messages import PAGE_SIZE_MAX, decode_token, encode_token, page_size

CURSORS = st.lists(st.one_of(st.integers(), st.text()), min_size=1, max_size=3)


@given(CURSORS, st.text())
def test_a_token_brings_its_cursor_back(cursor, query):
    request = users_pb2.ListUsersRequest(query=query)
    token = encode_token(request, cursor)
    following = users_pb2.ListUsersRequest(query=query, page_token=token, page_size=7)
    assert decode_token(following, len(cursor)) == cursor


@given(st.text())
def test_no_text_but_a_token_is_taken(token):
    request = users_pb2.ListUsersRequest(page_token=token)
    if not token:
        assert decode_token(request, 1) is None
        return
    with pytest.raises(InvalidArgumentError) as refused:
        decode_token(request, 1)
    assert [one.field for one in refused.value.violations] == ["page_token"]


@pytest.mark.parametrize("content", [{}, None, 5, [], ["x"], ["x", 1, 2]])
def test_a_token_of_another_shape_is_refused(content):
    token = base64.urlsafe_b64encode(json.dumps(content).encode()).decode()
    with pytest.raises(InvalidArgumentError):
        decode_token(users_pb2.ListUsersRequest(page_token=token), 1)


def test_a_token_belongs_to_its_arguments():
    token = encode_token(users_pb2.ListUsersRequest(query="a"), [1])
    with pytest.raises(InvalidArgumentError, match=r"."):
        decode_token(users_pb2.ListUsersRequest(query="b", page_token=token), 1)


def test_page_sizes_are_clamped_and_never_negative():
    assert page_size(users_pb2.ListUsersRequest()) == 50
    assert page_size(users_pb2.ListUsersRequest(page_size=PAGE_SIZE_MAX + 1)) == PAGE_SIZE_MAX
    with pytest.raises(InvalidArgumentError):
        page_size(users_pb2.ListUsersRequest(page_size=-1))
