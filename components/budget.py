"""Budget alert for the costs of a stack."""

import pulumi
import pulumi_aws as aws

from stacks.settings.aws.extras import Budget as BudgetSettings


class Budget(pulumi.ComponentResource):
    """AWS budget over all resources with the stack's tag; the forecast triggers the mail.

    The payer account must activate the cost allocation tag `axon:stack` once.
    """

    def __init__(
        self, name: str, stack: str, settings: BudgetSettings, *, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("axon:budget:Budget", name, None, opts)
        aws.budgets.Budget(
            name,
            budget_type="COST",
            limit_amount=str(settings.monthly_usd),
            limit_unit="USD",
            time_unit="MONTHLY",
            # https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-create-filters.html
            cost_filters=[
                aws.budgets.BudgetCostFilterArgs(name="TagKeyValue", values=[f"user:axon:stack${stack}"])
            ],
            notifications=[
                aws.budgets.BudgetNotificationArgs(
                    comparison_operator="GREATER_THAN",
                    notification_type="FORECASTED",
                    threshold=100,
                    threshold_type="PERCENTAGE",
                    subscriber_email_addresses=settings.emails,
                )
            ],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})
