"""The engine's part in a preview, in this process: the real program runs against recording mocks.

`deployed` runs the program of a stack file as an update from nothing and returns the state that it leaves;
`previewed` runs it again, as a preview against such a state, and returns the document that `pulumi preview
--json` would print. Nothing is asked of AWS, of a cluster, of the network or of a Pulumi installation.

    state = deployed("dev", text)
    document = previewed("dev", edited, state)

It follows the engine (https://github.com/pulumi/pulumi/blob/v3.274.1/pkg/resource/deploy/step_generator.go)
as far as a report can tell the difference. What it leaves out: hooks, targets, imports, renamed resources
(aliases), and replacements that spread from a resource which is deleted before it is replaced.
"""

from tests.unit.gitops.engine.run import deployed, previewed
from tests.unit.gitops.engine.state import State

__all__ = ["State", "deployed", "previewed"]
