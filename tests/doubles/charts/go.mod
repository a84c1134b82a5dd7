module axon.dev/tests/charts

go 1.26.0

require github.com/aws/eks-charts v0.0.243-0.20260821194545-743f98a89b5b
