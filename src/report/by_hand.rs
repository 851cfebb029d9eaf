//! What the checklist asks for that is no control's: what only a person can do, and what is no longer needed.

/// A line of the checklist without a control of its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct ByHand {
    /// The item of the checklist that it belongs to; nothing for what stands outside its numbers.
    pub(super) item: Option<u8>,
    /// The task.
    pub(super) task: &'static str,
    /// Who has to do it, or why nothing is to be done.
    pub(super) who: &'static str,
    /// The page of AWS's documentation to read.
    pub(super) page: &'static str,
}

/// All of them, in the checklist's order.
pub(super) const ALL: [ByHand; 6] = [
    ByHand {
        item: Some(1),
        task: "IAM access to billing",
        who: "The root user activates it once, on the page Account of the console; no API does or shows it. \
              [root_user] billing_access = \"required\" asks for it until [attestations.billing_access] says that it \
              was done.",
        page: "https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/control-access-billing.html",
    },
    ByHand {
        item: Some(1),
        task: "support plan",
        who: "No longer the root user's alone: whoever may use supportplans:CreateSupportPlanSchedule can change it \
              in the console. It costs money, so nobody does it for you.",
        page: "https://docs.aws.amazon.com/awssupport/latest/user/changing-support-plans.html",
    },
    ByHand {
        item: Some(1),
        task: "payment options",
        who: "The root user, or whoever may see and change billing, in the console; card data belong in no file.",
        page: "https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/manage-payment-method.html",
    },
    ByHand {
        item: Some(1),
        task: "closing the account",
        who: "The root user, in the console; in an organization the management account. A baseline never closes one.",
        page: "https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-closing.html",
    },
    ByHand {
        item: None,
        task: "governing law in AWS Artifact",
        who: "Nothing is to be done: accounts made since February 2022 have it from the start.",
        page: "https://docs.aws.amazon.com/artifact/latest/ug/managing-agreements.html",
    },
    ByHand {
        item: None,
        task: "security questions",
        who: "Nothing is to be done: AWS abolished them on 2024-01-05. MFA and contacts that work take their place.",
        page: "https://docs.aws.amazon.com/IAM/latest/UserGuide/root-user-best-practices.html",
    },
];
