"""Many texts: rows from files of many kinds, scored without losing one, into one file that a kill cannot spoil.

::

    sources ──readers──▶ Row ──engine──▶ Result ──layout──▶ records ──work folder──▶ shards ──sinks──▶ OUT
                         (a thread)      (the model's thread, finished and written in the caller's)

Every row that goes in comes out once, in its place: with its numbers, or with the reason why it has none.

============  =======================================================================================
rows          ``Row``, ``Result``
sources       files, folders, patterns, uploads: what is there to be read, and its bytes
readers       a source's bytes to rows
tables        JSON lines, CSV, TSV, Parquet to records; of CSV the lines by ``csv_rows``
engine        rows to results, in shards; ``ahead`` is the thread that works in advance
parts         the part of a record that follows from the text alone
engines       where shards are scored: this process, or ``ray_engine`` with its ``ray_worker`` and ``ray_cluster``
cached        an engine behind a ``cache`` of texts
about         what the bytes of an output depend on beside rows and layout
layout        results to records: which columns, in which order
frames        records as Arrow tables and data frames
mapping       a batch of columns to one with numbers: for Hugging Face data sets, Ray Data, pandas
sinks         shards to JSON lines, CSV, Parquet
manifest      what a run was begun with, and what is different now
work_folder   shards on disk, each there whole or not at all
job           all of it, to be stopped and resumed
threads       how many threads the model gets
estimate      how long a run would take
command       ``analyzer batch``, whose options are in ``asked``
taking        uploads and pasted texts to rows, within the ``limits`` of one sitting at a page
kept          of a result what thousands can be held of: enough to judge it again
watched       rows scored in a thread while somebody looks; stopped and gone on with
overview      how many of which verdict, as numbers and charts
downloads     what is held, as files; ``spreadsheet`` keeps formulas out of CSV
============  =======================================================================================

Importing the package loads nothing; import its modules by name.
"""
