//! What `--help` adds below the flags: the pages of the documentation and the exit codes.

pub(super) const HELP_PAGES: &str = "\
Pages, as in `mjbatch help hooks`:
  manifest    the language of manifests
  running     pilot, selection, cost, deadlines, cron, webhooks
  decisions   redo, skip, make and picks in a spreadsheet
  columns     results: formats, columns, shops
  images      images as files, the report
  hooks       on_done and on_finish, their messages and signatures
  state       the state file: resume, resolve, backup, salvage
  events      the lines of --progress json
  exit-codes  what each exit code means";

pub(super) const EXIT_CODES: &str = "\
Exit codes:
    0  all tasks are done, or there was nothing to do
    1  internal error, or the state could not be written
    2  usage or manifest error: nothing was submitted
    3  finished; some tasks failed for good
    4  the API key was refused
    5  the service cannot be reached or is broken: run again later
    6  the outcome of some submits is unknown: `mjbatch resolve`
    7  the account is out of quota, or at risk (--breaker)
    8  the budget is reached; tasks remain
   10  tasks remain or are running, as with --limit, --only or --max-duration
   11  another run holds this state
  130  stopped by Ctrl-C, 143 by SIGTERM; run again to continue";

pub(super) const DOWNLOAD_CODES: &str = "\
Exit codes:
    0  all images are there
    1  internal error, or the state could not be written
    2  usage or manifest error: nothing was downloaded
    3  some images could not be downloaded
   11  a run holds this state
  130  stopped by Ctrl-C, 143 by SIGTERM; run the same command to continue";

pub(super) const RESOLVE_CODES: &str = "\
Without --found, --resend or --give-up it lists the tasks and changes nothing.

Exit codes:
    0  no task is unknown, or none is any more
    2  usage error: nothing was changed
    6  some tasks are still unknown
   11  a run holds this state: nothing was changed";
