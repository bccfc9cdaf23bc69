//! The table of faults: every name, the form of its value, and a line on what it does.
//!
//! The parser, the help text and the code of each fault use this table. A name starts with the
//! stage at which the fault strikes: `submit-` (nothing is accepted), `accept-` (the job is
//! accepted and billed, the reply is spoiled), `refusal-`, `key-`, `slots`, `quota`, `status-`,
//! `item-` (the shape of a status item), `job-`, `webhook-`, `image-`. The names are a contract.

/// The form of the value of a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultForm {
    /// No value: the name alone switches the fault on.
    Flag,
    /// How often the fault strikes: `0.1` (of all), `first:2` (the first two), `only:3` (the
    /// third); always if absent.
    Rate,
    /// A whole number.
    Count,
    /// A duration: `500ms`, `90s`, `15m`, `2h`, or a number of seconds.
    Time,
    /// A duration that may be negative.
    Shift,
    /// One of these words. The first is the default, without the fault.
    Choice(&'static [&'static str]),
    /// Any text.
    Text,
    /// A code of the envelope, and how often: `1003`, `1003:0.05`, `1003:first:2`.
    Code,
}

impl FaultForm {
    /// The form as the help text shows it, with the `=`. Empty for a flag.
    pub fn usage(self) -> String {
        match self {
            FaultForm::Flag => String::new(),
            FaultForm::Rate => "[=RATE]".into(),
            FaultForm::Count => "=N".into(),
            FaultForm::Time => "=TIME".into(),
            FaultForm::Shift => "=±TIME".into(),
            FaultForm::Choice(words) => format!("={}", words.join("|")),
            FaultForm::Text => "=TEXT".into(),
            FaultForm::Code => "=CODE[:RATE]".into(),
        }
    }
}

/// A row of the table of faults.
#[derive(Debug, Clone, Copy)]
pub struct FaultRow {
    /// The fault.
    pub fault: SandboxFault,
    /// The name of the fault on the command line.
    pub name: &'static str,
    /// The form of its value.
    pub form: FaultForm,
    /// What the fault does, in one line.
    pub about: &'static str,
}

macro_rules! table {
    ($($fault:ident $name:literal $form:expr, $about:literal;)*) => {
        /// A behavior of the service that can be switched on.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum SandboxFault { $(#[doc = $about] $fault,)* }

        /// All faults, in the order of the help text.
        pub const FAULT_TABLE: &[FaultRow] =
            &[$(FaultRow { fault: SandboxFault::$fault, name: $name, form: $form, about: $about },)*];
    };
}

impl SandboxFault {
    /// The row of the fault in the table.
    pub fn row(self) -> &'static FaultRow {
        &FAULT_TABLE[self as usize]
    }
}

use FaultForm::{Choice, Code, Count, Flag, Rate, Shift, Text, Time};

table! {
    Latency "latency" Time, "every reply is delayed by this time (real time, never scaled)";
    RetryAfter "retry-after" Time, "a 429 or 503 has this time in Retry-After, in whole seconds (real time)";
    RetryAfterDate "retry-after-date" Flag, "Retry-After is a date instead of seconds";
    ApiMissing "api-404" Flag, "a web server without this API: 404 and an HTML page for every API request";

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
    KeyRefusedAfter "key-refused-after" Count, "the key is refused after this many API requests";
    KeyHttp "key-http" Choice(&["401", "403", "200"]), "the HTTP status that goes with a refused key";
    Slots "slots" Count, "concurrent jobs per account, instead of the setting (10)";
    SlotsPerMode "slots-per-mode" Flag, "each mode has slots of its own";
    SlotsFreeLate "slots-free-late" Time, "a slot stays taken for this long after its job ended";
    Quota "quota" Count, "the quota of each account: a fast job costs 4, a relaxed one 2, then 1001";

    Status429 "status-429" Rate, "a status request is answered by a 429";
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
    StatusStale "status-stale" Rate, "an item says running although the job has ended";
    StatusStrings "status-strings" Flag, "the status is a string of digits";
    StatusOdd "status-odd" Rate, "the status of an item is an unknown value";
    StatusNoUrlsYet "status-no-urls-yet" Rate, "an item is done but has no URLs, this time";
    StatusNoUrls "status-no-urls" Rate, "a job is done and never has URLs";

    ItemImages "item-images" Choice(&["list", "objects", "with-grid", "grid-only", "singles-only", "none"]), "how `image` and `images` are filled";
    ItemNewFields "item-new-fields" Flag, "items and envelopes have additional, unknown fields";
    ItemBare "item-bare" Flag, "items have no jobId, createdAt or meta";
    ItemSkew "item-skew" Shift, "createdAt is off by this time (real time)";

    JobFail "job-fail" Rate, "a job fails while it is generated";
    JobModerated "job-moderated" Text, "a job whose prompt has this word fails at its end";
    JobSlow "job-slow" Rate, "a job would take twice its timeout; see job-expire";
    JobExpire "job-expire" Choice(&["fail", "hang", "gone", "late"]), "at its timeout a slow job fails, runs forever, is forgotten, or ends late after all";

    WebhookShape "webhook-shape" Choice(&["envelope", "bare"]), "the body of a callback";
    WebhookDrop "webhook-drop" Rate, "a callback never comes";
    WebhookDouble "webhook-double" Rate, "a callback comes twice";
    WebhookEarly "webhook-early" Rate, "a job ends at once and calls back before the submit is answered";
    WebhookLate "webhook-late" Time, "callbacks come this long after the end";
    WebhookMalformed "webhook-malformed" Rate, "a callback's body is broken JSON";
    WebhookForged "webhook-forged" Rate, "a forged callback comes too, to the URL with a wrong token, and says failed";
    WebhookForeign "webhook-foreign" Rate, "a callback about an unknown taskId comes too";
    WebhookNoFailures "webhook-no-failures" Flag, "failures are not called back";
    WebhookProgress "webhook-progress" Flag, "a callback with status 0 comes when the job starts";

    ImageExpire "image-expire" Time, "images expire this long after their job ended";
    ImageType "image-type" Choice(&["png", "jpeg-name", "no-name", "octet", "html"]), "name and type of images: a false .jpg, no extension, no type, or an HTML page instead";
    ImageRedirect "image-redirect" Flag, "the URL of an image redirects to another one";
    Image404 "image-404" Rate, "an image is not found, this time";
    Image500 "image-500" Rate, "an image is answered by a 500";
    ImageHalf "image-half" Rate, "the connection is closed in the middle of an image";
    ImageHang "image-hang" Rate, "an image request is never answered";
    ImageHost "image-host" Text, "images are at this host name, with the same port";
}
