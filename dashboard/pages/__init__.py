"""The pages, each at its own address. `registry` lists them."""
