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
//! One direction, no way back. Reading ([`survey`]) and writing ([`execute`], through [`control::Control::apply`])
//! touch AWS; planning ([`plan`]), merging ([`baseline`]) and printing ([`report`]) never do.
//!
//! # Typed inside, documents outside
//!
//! A control is a type that implements [`control::Control`]: its model is at once the TOML table, the live state,
//! the export and both sides of the diff. The engine carries models, identifiers and actions of all controls as
//! documents, through [`control::AnyControl`], whose one blanket implementation converts at the border. So the list
//! of controls is an ordinary slice, a saved plan is plain data, and there is neither a macro nor an enum that grows
//! with the list. Documents are only merged, masked, compared and printed; every decision is made on the type.
//!
//! Controls know of each other in two ways only. [`control::Control::fill`] puts into a wanted table what other
//! tables of the file and the account itself decide (the ARN of the alerts topic, a name with the account's id),
//! before anything is read: so `diff` compares and shows final values. And [`control::Here::relied`] has the readings
//! of the controls that a control names in `RELIES_ON`. Order between their steps comes from assets alone.
//!
//! # Who decides what
//!
//! | module | what it does |
//! |---|---|
//! | [`baseline`] | TOML: files that extend each other, region overrides, one error for each mistake with its place |
//! | [`survey`] | reads all cells (control × place) at once; a fault sits in the cell that it spoils |
//! | `shared` | what several controls read alike, asked for once a survey |
//! | [`plan`] | judges each cell, and orders the steps of all of them by what they need and provide; no I/O |
//! | [`saved`] | the plan as a document; a saved one is a promise that a new plan is held against, never a program |
//! | [`execute`] | runs steps as their graph allows; knows no AWS type |
//! | [`recheck`] | reads a cell again right before its first write |
//! | [`session`] | credentials, identity, regions: what is known before the first cell is read |
//! | [`aws`], `gate`, [`fault`] | one HTTP client for all services and regions, rate limits, errors as data |
//! | [`policy`], [`filter_pattern`], [`words`] | AWS's documents, patterns and words, compared by what they mean |
//! | `roles`, `wait` | calls that several controls make in the same way, and again where AWS sees a change late |
//! | [`tags`], [`attestation`] | what the whole file says: tags on everything, and what a person vouches for |
//! | [`monthly`] | what a step adds to the bill, as a range; the numbers stand beside each control |
//! | [`report`] | the only code that prints |
//! | [`cli`] | one command a file, arguments in, exit code out |
//! | [`sandbox`] | a simulated account behind the SDK's HTTP client; nothing else knows that it is there |
//!
//! # Rules that hold everywhere
//!
//! - What is not written is not managed. Reading is complete, the diff shows only what the baseline speaks of, and
//!   where an API replaces a whole, what is not managed is sent back as it was read.
//! - The plan makes all choices, execution makes none. A cell that moved is refused, not planned anew.
//! - `apply` then `plan` is empty, `export` then `plan` is empty, and `plan` twice is the same bytes.
//! - One cell's failure never spoils another's. Steps that need what failed are skipped and say behind what.
//! - Order comes from edges: [`control::StepDraft::after`] within a cell, assets ([`plan::Asset`]) across cells.
//!
//! # How to add a control
//!
//! 1. Write `src/controls/NAME.rs`: the model (every field optional; what is required of the whole is in `check`),
//!    the identifiers, the actions, and `fetch`, `diff`, `apply`. [`controls::password_policy`] is the shortest one to
//!    read first, [`controls::default_vpc`] the one with the most steps.
//! 2. Add its `mod` and its line to [`controls`], in the order of the checklist. Help, schema, permissions, the
//!    matrix, export, and the tests that loop over the list follow from that.
//! 3. If it turns on what AWS meters, [`control::StepDraft::costs`] on the step that does, from a constant beside the
//!    `DOC` whose words say the same.
//! 4. If its service is new: a line in `aws::clients`, and a file in [`sandbox`], strict where AWS is strict.
//!
//! A test reads a control's `diff` with two values: the wanted state, and a live one that is the wanted one with one
//! side changed; `control::testing` calls it and prints what it said. Whole runs are in `tests/it`, planning cases as
//! folders in `tests/cases`.

pub mod attestation;
pub mod aws;
pub mod baseline;
pub mod cli;
pub mod control;
pub mod controls;
pub mod document;
pub mod execute;
pub mod export;
pub mod fault;
pub mod filter_pattern;
mod gate;
pub mod init;
pub mod monthly;
pub mod place;
pub mod plan;
pub mod policy;
pub mod progress;
pub mod recheck;
pub mod report;
mod roles;
pub mod sandbox;
pub mod saved;
pub mod schema;
pub mod session;
mod shared;
pub mod survey;
pub mod tags;
mod wait;
pub mod words;
