"""The repositories: what can be asked of the store and saved in it, as typed contracts.

`contracts` says what every engine has to offer; `sqlite` is the first engine's answer. One conformance
suite (tests/storage/test_conformance.py) holds any implementation to the contracts.
"""
