//! trueup keeps an AWS account true to a TOML file.
//!
//! # The way of the data
//!
//! ```text
//! baseline.toml ──load──▶ Baseline ──wants──▶ [Want] ─┐
//!                                                     ├─▶ plan ─▶ Plan ─▶ execute ─▶ outcomes ─▶ read again
//! AWS account ──────────────────────survey──▶ Survey ─┘            │
//!                                               │                  └─▶ report: text · matrix · JSON
//!                                               └─▶ export ─▶ baseline.toml
//! ```
//!
//! One direction, no way back. Each layer is a crate, so that the compiler keeps it:
//!
//! ```text
//! trueup            the command line and the reports; the only place that knows all the others
//! ├── trueup-engine    reaches an account, reads it, runs the steps, reads it again
//! │   └── trueup-aws      credentials, clients, rate limits, waiting; the half of a control that touches AWS
//! │       └── trueup-core    baselines, controls, plans: pure
//! ├── trueup-controls  one private module a control, and the list of them; on trueup-aws and trueup-core
//! │   └── trueup-policy   IAM documents and filter patterns, by what they mean
//! └── trueup-sandbox   a simulated account behind the SDK's HTTP client; on trueup-policy alone
//! ```
//!
//! | crate | may | may not |
//! |---|---|---|
//! | [`core`] | decide | read a file, the environment, the clock or the network; know a control |
//! | [`policy`] | read documents | know trueup |
//! | [`aws`] | call AWS | decide what is called, know a control |
//! | [`controls`] | call AWS through `aws`, decide in `diff` | print, read files, know engine or sandbox |
//! | [`engine`] | run what was planned | choose, print, know a control or the sandbox |
//! | [`sandbox`] | answer as AWS does | know trueup's model, its controls, its clients |
//! | this one | print ([`report`]), read and write files ([`files`]), open the sandbox | decide what is true |
//!
//! The sources are folders of `src/`, each with its manifest; versions, features, lints and profiles are in the root's.
//!
//! # Typed inside, documents outside
//!
//! A control is a type that implements [`Control`](trueup_core::control::Control), which decides, and
//! [`Live`](trueup_aws::Live), which reads and writes: its model is at once the TOML table, the live state, the export and
//! both sides of the diff. The engine carries models, identifiers and actions of all controls as documents, through
//! [`AnyControl`](trueup_core::control::AnyControl) and [`AnyLive`](trueup_aws::AnyLive), whose blanket implementations
//! convert at the border. So the list of controls is a value, the [`Registry`](trueup_core::registry::Registry), that is
//! handed down from the command line; a saved plan is plain data; and there is neither a macro nor an enum that grows with
//! the list. Documents are only merged, masked, compared and printed; every decision is made on the type.
//!
//! Controls know of each other in two ways only. [`Control::fill`](trueup_core::control::Control::fill) puts into a wanted
//! table what other tables of the file and the account itself decide (the ARN of the alerts topic, a name with the
//! account's id), before anything is read: so `diff` compares and shows final values. And
//! [`Here::relied`](trueup_core::control::Here::relied) has the readings of the controls that a control names in
//! `RELIES_ON`. Order between their steps comes from assets alone.
//!
//! # Errors
//!
//! What goes wrong with a call is a [`Fault`](trueup_core::fault::Fault), data that sits in the cell or the step that it
//! spoils. The core knows no SDK, so functions that call AWS fail with [`Failure`](trueup_aws::Failure), a fault on its way
//! up that `?` makes of the SDK's errors.
//!
//! # Rules that hold everywhere
//!
//! - What is not written is not managed. Reading is complete, the diff shows only what the baseline speaks of, and
//!   where an API replaces a whole, what is not managed is sent back as it was read.
//! - The plan makes all choices, execution makes none. A cell that moved is refused, not planned anew.
//! - `apply` then `plan` is empty, `export` then `plan` is empty, and `plan` twice is the same bytes.
//! - One cell's failure never spoils another's. Steps that need what failed are skipped and say behind what.
//! - Order comes from edges: [`StepDraft::after`](trueup_core::change::StepDraft::after) within a cell, assets
//!   ([`Asset`](trueup_core::change::Asset)) across cells.
//!
//! # How to add a control
//!
//! 1. Write `src/controls/NAME.rs`, with modules of these names where one file is too long: `model` (the model, every
//!    field optional; the identifiers; the actions), `check` (what is required of the whole), `diff` (the decisions),
//!    `live` (`fetch` and `apply`), `tests`. `NAME.rs` keeps the docs, `impl Control` and `impl Live`. `account` is the
//!    shortest one to read first, `password_policy` a typical one, `default_vpc` the one with the most steps.
//!    A key with an order is a [`Bound`](trueup_core::values::Bound) and compared by
//!    [`Changes::misses`](trueup_core::change::Changes::misses): a stricter live value stays. `DOC.decides` says what is
//!    compared, in the reader's words.
//!    `CALLS` lists what it calls: every whole run of the tests is held against that. A call that needs other IAM actions
//!    than the one of its own name has a row in [`trueup_aws::actions`].
//! 2. Add its `mod` and its line to `src/controls/lib.rs`, in the order of the checklist. Help, schema, permissions, the
//!    matrix, export, and the tests that loop over the list follow from that.
//! 3. If it turns on what AWS meters, [`StepDraft::costs`](trueup_core::change::StepDraft::costs) on the step that does,
//!    from a constant beside the `DOC` whose words say the same.
//! 4. If its service is new: its SDK crate in the root's manifest and in those of `src/aws` and `src/controls`, a line in
//!    `src/aws/clients.rs`, and a service in the sandbox, strict where AWS is strict.
//!
//! A test reads a control's `diff` with two values: the wanted state, and a live one that is the wanted one with one
//! side changed; `testing` in `src/controls` calls it and prints what it said. Whole runs are in `tests/it`, planning
//! cases as folders in `tests/cases`.

mod built_in;
pub mod cli;
pub mod files;
pub mod report;

pub use trueup_aws as aws;
pub use trueup_controls as controls;
pub use trueup_core as core;
pub use trueup_engine as engine;
pub use trueup_policy as policy;
pub use trueup_sandbox as sandbox;
