"""What a finished sentence encoder makes of each line: a vector to learn from."""

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoModel, AutoTokenizer

from saulyq.errors import UserError
from saulyq.taggers.precision import uses_bf16

BATCH_SIZE = 64
MAX_TOKENS = 256  # our rows are shorter, also in the teacher's smaller tokens


class Teacher:
    """A sentence encoder whose vector is the mean of its tokens, as that of E5 and MiniLM is.

    prefix: what it wants to read before each text ("query: " for E5).
    """

    def __init__(self, folder: str, prefix: str = "") -> None:
        self.prefix = prefix
        try:
            self.tokenizer = AutoTokenizer.from_pretrained(folder)
            self.model = AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
        except (OSError, ValueError) as error:
            reason = str(error).strip().splitlines()[0]
            raise UserError(f"{folder!r} cannot be had ({reason}); name a folder") from error

    @torch.inference_mode()
    def vectors(self, texts: list[str]) -> NDArray[np.float32]:
        """Return the vectors of texts, of length one, shape (n_texts, width)."""
        found = np.zeros((len(texts), self.model.config.hidden_size), dtype=np.float32)
        # Texts of like length together: little padding.
        order = np.argsort([len(text) for text in texts], kind="stable")
        for start in range(0, len(order), BATCH_SIZE):
            rows = order[start : start + BATCH_SIZE]
            batch = self.tokenizer(
                [self.prefix + texts[row] for row in rows],
                padding=True,
                truncation=True,
                max_length=MAX_TOKENS,
                return_tensors="pt",
            )
            with torch.autocast("cpu", torch.bfloat16, enabled=uses_bf16("auto")):
                hidden = self.model(**batch).last_hidden_state.float()
            mask = batch["attention_mask"].unsqueeze(-1)
            mean = (hidden * mask).sum(dim=1) / mask.sum(dim=1)
            found[rows] = torch.nn.functional.normalize(mean, dim=1).numpy()
        return found


def centred(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return vectors without what all have in common, of length one again.

    The vectors of E5 lie in a narrow cone (cosines above 0.7), in which the distances that tell
    texts apart are small (Mu and Viswanath 2018).
    """
    moved = vectors - vectors.mean(axis=0)
    lengths = np.linalg.norm(moved, axis=1, keepdims=True)
    return np.asarray(moved / np.maximum(lengths, 1e-6), dtype=np.float32)
