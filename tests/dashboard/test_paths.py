from dashboard.paths import address


def test_an_address_has_the_parameters_that_are_set():
    assert address("/events", {"q": "a b", "page": ""}) == "/events?q=a+b"
    assert address("/events", {"q": ""}) == "/events"
