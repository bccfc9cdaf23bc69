//! The table of faults: every name, the form of its value, and one line on what it does.
//!
//! The parser, the help text and the code that plays a fault all read this one table. A name begins with the place where
//! the fault is played: `submit-` (nothing is accepted), `accept-` (the job is accepted and billed, the reply is spoilt),
//! `refusal-`, `key-`, `slots`, `quota`, `status-`, `item-` (the shape of a status item), `job-`, `webhook-`, `image-`.

/// What the value of a fault looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Nothing: the name alone switches it on.
    Flag,
    /// How often: `0.1` (of all), `first:2` (the first two), `only:3` (the third alone), or nothing for always.
    Rate,
    /// A whole number.
    Count,
    /// A span of time: `500ms`, `90s`, `15m`, `2h`, or a number of seconds.
    Time,
    /// A span of time that may be negative.
    Shift,
    /// One of these words; the first is what happens without the fault.
    Choice(&'static [&'static str]),
    /// Any text.
    Text,
    /// A code of the envelope and how often: `1003`, `1003:0.05`, `1003:first:2`.
    Code,
}

impl Form {
    /// The form as it is shown to people, with the `=`; empty for a flag.
    pub fn shown(self) -> String {
        match self {
            Form::Flag => String::new(),
            Form::Rate => "[=RATE]".into(),
            Form::Count => "=N".into(),
            Form::Time => "=TIME".into(),
            Form::Shift => "=±TIME".into(),
            Form::Choice(words) => format!("={}", words.join("|")),
            Form::Text => "=TEXT".into(),
            Form::Code => "=CODE[:RATE]".into(),
        }
    }
}

/// One line of the table.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// Which fault it is.
    pub fault: Fault,
    /// Its name, as it is written on the command line.
    pub name: &'static str,
    /// What its value looks like.
    pub form: Form,
    /// What it does, in one line.
    pub about: &'static str,
}

macro_rules! table {
    ($($fault:ident $name:literal $form:expr, $about:literal;)*) => {
        /// A way in which the service can be difficult. What each does is said once, in the table.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Fault { $(#[doc = $about] $fault,)* }

        /// Every fault, in the order in which people are shown them.
        pub const TABLE: &[Row] =
            &[$(Row { fault: Fault::$fault, name: $name, form: $form, about: $about },)*];
    };
}

impl Fault {
    /// The fault's line of the table.
    pub fn row(self) -> &'static Row {
        &TABLE[self as usize]
    }
}

use Form::{Choice, Code, Count, Flag, Rate, Shift, Text, Time};

table! {
    Latency "latency" Time, "every reply comes so much later (real time, never scaled)";
    RetryAfter "retry-after" Time, "a 429 or 503 names this time in Retry-After, in whole seconds (real time)";
    RetryAfterDate "retry-after-date" Flag, "Retry-After is a date instead of seconds";
    ApiMissing "api-404" Flag, "a web server with no such API lives here: 404 and a page for every API address";

    Submit429 "submit-429" Rate, "too many requests; nothing is accepted";
    Submit500 "submit-500" Rate, "500; nothing is accepted";
    SubmitHtml "submit-html" Rate, "502 with a proxy's HTML page; nothing is accepted";
    SubmitHang "submit-hang" Rate, "no reply ever comes; nothing is accepted";
    SubmitCut "submit-cut" Rate, "the connection is closed without a reply; nothing is accepted";
    SubmitCode "submit-code" Code, "refused with another code than 1001 and 1002";
    SubmitModerated "submit-moderated" Text, "a prompt with this word is refused";
    SubmitBraces "submit-braces" Flag, "a prompt with braces or --repeat is refused";
    SubmitMaxPrompt "submit-max-prompt" Count, "a prompt of more characters is refused";

    AcceptCut "accept-cut" Rate, "accepted and billed, then the connection is closed without a reply";
    AcceptHalf "accept-half" Rate, "accepted and billed, then the connection is closed in the middle of the reply";
    AcceptHang "accept-hang" Rate, "accepted and billed, but no reply ever comes";
    Accept500 "accept-500" Rate, "accepted and billed, but the reply is a 500";
    AcceptGarbage "accept-garbage" Rate, "accepted and billed, but the reply is a 200 that is no JSON";
    AcceptData "accept-data" Choice(&["whole", "missing", "null", "empty", "no-id"]), "what an accepting reply has for `data`";

    RefusalHttp "refusal-http" Choice(&["200", "400", "402", "403", "429", "503"]), "the HTTP status that goes with a refusal's envelope";
    RefusalData "refusal-data" Choice(&["null", "missing", "empty"]), "what a refusal has for `data`";
    KeyRefused "key-refused" Flag, "every key is refused";
    KeyRefusedAfter "key-refused-after" Count, "the key is refused after so many API requests";
    KeyHttp "key-http" Choice(&["401", "403", "200"]), "the HTTP status that goes with a refused key";
    Slots "slots" Count, "so many jobs at once an account (else the settings say, else 10)";
    SlotsPerMode "slots-per-mode" Flag, "each mode has slots of its own";
    SlotsFreeLate "slots-free-late" Time, "a slot stays taken so long after its job ended";
    Quota "quota" Count, "each account has so much quota: 4 a fast job, 2 a relaxed one, then 1001";

    Status429 "status-429" Rate, "a status request is one too many";
    Status500 "status-500" Rate, "a status request is answered by a 500";
    StatusHtml "status-html" Rate, "a status request is answered by a proxy's 502 page";
    StatusHang "status-hang" Rate, "a status request is never answered";
    StatusCut "status-cut" Rate, "the connection is closed without a reply";
    StatusHalf "status-half" Rate, "the connection is closed in the middle of the reply";
    StatusGarbage "status-garbage" Rate, "a 200 that is no JSON";
    StatusData "status-data" Choice(&["list", "missing", "null", "empty", "object"]), "what a status reply has for `data`; object: the bare item where one was asked for";
    StatusMaxIds "status-max-ids" Count, "a request with more taskIds is refused";
    StatusShuffle "status-shuffle" Flag, "the items come in another order";
    StatusRepeat "status-repeat" Rate, "an item comes twice";
    StatusOmit "status-omit" Rate, "an item is missing from this one reply";
    StatusForget "status-forget" Rate, "a job is forgotten for good once it has been accepted";
    StatusStale "status-stale" Rate, "an item says running though the job has ended";
    StatusStrings "status-strings" Flag, "the status is a string of digits";
    StatusOdd "status-odd" Rate, "an item's status is none that is known";
    StatusNoUrlsYet "status-no-urls-yet" Rate, "an item is done but has no urls, this time";
    StatusNoUrls "status-no-urls" Rate, "a job is done and never has urls";

    ItemImages "item-images" Choice(&["list", "objects", "with-grid", "grid-only", "singles-only", "none"]), "how `image` and `images` are filled";
    ItemNewFields "item-new-fields" Flag, "items and envelopes have fields that nobody knows yet";
    ItemBare "item-bare" Flag, "items have no jobId, createdAt or meta";
    ItemSkew "item-skew" Shift, "createdAt is off by so much (real time)";

    JobFail "job-fail" Rate, "a job fails while it is drawn";
    JobModerated "job-moderated" Text, "a job whose prompt has this word fails late";
    JobSlow "job-slow" Rate, "a job would take twice its timeout; see job-expire";
    JobExpire "job-expire" Choice(&["fail", "hang", "gone", "late"]), "at its timeout a slow job fails, runs for ever, is forgotten, or ends late after all";

    WebhookShape "webhook-shape" Choice(&["envelope", "bare"]), "the body of a callback";
    WebhookDrop "webhook-drop" Rate, "a callback never comes";
    WebhookDouble "webhook-double" Rate, "a callback comes twice";
    WebhookEarly "webhook-early" Rate, "a job ends at once and calls back before the submit is answered";
    WebhookLate "webhook-late" Time, "callbacks come so long after the end";
    WebhookMalformed "webhook-malformed" Rate, "a callback's body is broken JSON";
    WebhookForged "webhook-forged" Rate, "a stranger calls back too, at an address with the wrong token, and says failed";
    WebhookForeign "webhook-foreign" Rate, "a callback about a taskId of nobody comes too";
    WebhookNoFailures "webhook-no-failures" Flag, "failures are not called back";
    WebhookProgress "webhook-progress" Flag, "a callback with status 0 comes when the job starts";

    ImageExpire "image-expire" Time, "pictures are gone so long after their job ended";
    ImageType "image-type" Choice(&["png", "jpeg-name", "no-name", "octet", "html"]), "how a picture is named and typed: a false .jpg, no extension, no type, or a page in its place";
    ImageRedirect "image-redirect" Flag, "a picture's address redirects to another";
    Image404 "image-404" Rate, "a picture is not found, this time";
    Image500 "image-500" Rate, "a picture is answered by a 500";
    ImageHalf "image-half" Rate, "the connection is closed in the middle of a picture";
    ImageHang "image-hang" Rate, "a picture never comes";
    ImageHost "image-host" Text, "pictures live at this host name, with the same port";
}
