"""The pages, one module for each address. `registry` lists them."""
