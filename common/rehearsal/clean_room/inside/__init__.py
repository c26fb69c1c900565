"""Files that are copied into the clean room and run there: nothing of the kit can be imported by them."""
