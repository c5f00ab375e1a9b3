from dashboard.api.pages import parse_page


def test_a_page_has_items_and_the_token_of_the_next():
    page = parse_page({"users": [{"n": 1}, {"n": 2}], "nextPageToken": "t"}, "users", len)
    assert list(page.items) == [1, 1]
    assert page.next_page_token == "t"


def test_an_empty_response_is_the_last_page():
    page = parse_page({}, "users", len)
    assert list(page.items) == []
    assert page.next_page_token == ""
