"""Several processes as one: torchrun's environment, batch statistics and sums over all of them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist
import torch.distributed.nn.functional as dist_functional
from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class World:
    """This process among its peers."""

    rank: int
    size: int
    device: torch.device

    @property
    def leads(self) -> bool:
        """Whether this process writes logs and files."""
        return self.rank == 0


@contextmanager
def join_world(device: str) -> Iterator[World]:
    """The world that torchrun describes, or a world of one.

    Args:
        device: "auto", "cpu" or "cuda".

    Raises:
        RuntimeError: CUDA was asked for and torch has none.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise RuntimeError(f"CUDA was asked for, but torch {torch.__version__} sees no GPU; use --device cpu")
    kind = "cuda" if device == "cuda" or (device == "auto" and torch.cuda.is_available()) else "cpu"
    size = int(os.environ.get("WORLD_SIZE", "1"))
    chosen = torch.device(kind, int(os.environ.get("LOCAL_RANK", "0"))) if kind == "cuda" else torch.device("cpu")
    if kind == "cuda":
        torch.cuda.set_device(chosen)
    if size == 1:
        yield World(0, 1, chosen)
        return
    dist.init_process_group("nccl" if kind == "cuda" else "gloo")
    try:
        yield World(dist.get_rank(), size, chosen)
    finally:
        dist.destroy_process_group()


def mean_over(world: World, values: Tensor) -> Tensor:
    """The mean of a tensor over all processes."""
    if world.size == 1:
        return values
    total = values.clone()
    dist.all_reduce(total)
    return total / world.size


def sum_over(world: World, values: Tensor) -> Tensor:
    """The sum of a tensor over all processes, through which gradients flow back to each of them."""
    if world.size == 1:
        return values
    total: Tensor = dist_functional.all_reduce(values)
    return total


def any_of(world: World, asked: bool) -> bool:
    """Whether any process says yes; all get the same answer, so that none goes on alone."""
    if world.size == 1:
        return asked
    votes = torch.tensor(float(asked), device=world.device)
    dist.all_reduce(votes)
    return bool(votes > 0)


def wait_for_all(world: World) -> None:
    """Go on when every process has come so far."""
    if world.size > 1:
        dist.barrier()


class SyncedBatchNorm2d(nn.BatchNorm2d):
    """Batch normalisation with the statistics of all processes' shares of a batch, on CPU (gloo) as on GPU.

    torch's own SyncBatchNorm refuses the CPU. The shares must be of equal size.
    """

    def forward(self, features: Tensor) -> Tensor:
        """(N, C, H, W) normalised over N, H, W of all processes while training."""
        if not self.training or not dist.is_initialized():
            return super().forward(features)
        wide = features.float()
        moments = torch.stack([wide.mean((0, 2, 3)), wide.square().mean((0, 2, 3))])
        moments = dist_functional.all_reduce(moments) / dist.get_world_size()
        mean, variance = moments[0], moments[1] - moments[0].square()
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        count = features.numel() // features.shape[1] * dist.get_world_size()
        momentum = 0.1 if self.momentum is None else self.momentum
        with torch.no_grad():
            self.running_mean.lerp_(mean, momentum)
            self.running_var.lerp_(variance * count / max(count - 1, 1), momentum)
            self.num_batches_tracked.add_(1)
        shape = (1, -1, 1, 1)
        scale = self.weight * torch.rsqrt(variance + self.eps)
        normal = wide * scale.view(shape) + (self.bias - mean * scale).view(shape)
        out: Tensor = normal.to(features.dtype)
        return out


def synced(network: nn.Module) -> nn.Module:
    """The network with every BatchNorm2d replaced by one that is the same over all processes."""
    for name, child in network.named_children():
        if type(child) is nn.BatchNorm2d:
            replacement = SyncedBatchNorm2d(child.num_features, child.eps, child.momentum)
            replacement.load_state_dict(child.state_dict())
            setattr(network, name, replacement)
        else:
            synced(child)
    return network
