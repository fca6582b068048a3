"""The claims at the paper's scale, network by network, as far as its sweeps have got.

No stage of a pipeline, as its inputs may be missing: sweeps of hours and days are cut and go on
later. `make paper` ends with it. A network is judged from its whole sweep, else from those runs so
far that are complete under both rules, else not; of T5b any run counts that is at its end. The
rules are those of the laptop scale, of which there is one set.
"""
