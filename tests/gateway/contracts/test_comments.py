"""Comments of all elements of a contract."""

from gateway.contracts.descriptors import load_file
from tests.gateway.conftest import compile_protos

PROTO = """
syntax = "proto3";
package a.v1;
// A message.
message Outer {
  // A field.
  string name = 1; // behind it
  // A message in a message.
  message Inner {
    // Its field.
    int32 count = 1;
  }
  // An enum in a message.
  enum Kind {
    // A value.
    KIND_NONE = 0;
  }
  string bare = 2;
}
// An enum.
enum Color {
  COLOR_NONE = 0;
  // Another.
  COLOR_RED = 1;
}
// A service.
service Shop {
  // A method.
  // On two lines.
  rpc Get(Outer) returns (Outer);
}
"""


def test_comments_by_full_name(tmp_path):
    source = tmp_path / "a.proto"
    source.write_text(PROTO)
    found = load_file(compile_protos(tmp_path / "a.binpb", source)).comments
    assert {name: text for name, text in found.items() if name.startswith("a.v1")} == {
        "a.v1.Outer": "A message.",
        "a.v1.Outer.name": "A field.",
        "a.v1.Outer.Inner": "A message in a message.",
        "a.v1.Outer.Inner.count": "Its field.",
        "a.v1.Outer.Kind": "An enum in a message.",
        "a.v1.Outer.Kind.KIND_NONE": "A value.",
        "a.v1.Color": "An enum.",
        "a.v1.Color.COLOR_RED": "Another.",
        "a.v1.Shop": "A service.",
        "a.v1.Shop.Get": "A method.\n On two lines.",
    }
