"""Train a small network on scikit-learn's wines and export it as `model.pt2`."""

from pathlib import Path

# pyright: reportMissingImports=false
import torch
from sklearn.datasets import load_wine
from torch import nn

HERE = Path(__file__).parent


def train() -> None:
    """Write the model: 13 measurements of a wine in, a score for each of 3 growers out."""
    torch.manual_seed(0)
    values, growers = load_wine(return_X_y=True)
    wines, growers = torch.tensor(values, dtype=torch.float32), torch.tensor(growers)
    scale = nn.BatchNorm1d(13, affine=False, momentum=None)  # learns the mean and spread of each measurement
    network = nn.Sequential(scale, nn.Linear(13, 16), nn.ReLU(), nn.Linear(16, 3))
    optimizer = torch.optim.Adam(network.parameters(), lr=0.02)
    for _ in range(300):
        optimizer.zero_grad()
        nn.functional.cross_entropy(network(wines), growers).backward()
        optimizer.step()
    batch = torch.export.Dim("batch")
    program = torch.export.export(network.eval(), (wines[:2],), dynamic_shapes=({0: batch},))
    torch.export.save(program, HERE / "model.pt2")


if __name__ == "__main__":
    train()
