// Compile the modules of a folder by the Python that will run them: node precompile.mjs PYODIDE FOLDER
const { loadPyodide } = await import(`${process.argv[2]}/pyodide.mjs`);
const python = await loadPyodide();
python.FS.mkdirTree("/folder");
python.FS.mount(python.FS.filesystems.NODEFS, { root: process.argv[3] }, "/folder");
python.runPython(`
import os, py_compile

for root, _, names in os.walk("/folder"):
    for name in names:
        # anyio imports its parts lazily only while it can read its own source.
        if name.endswith(".py") and not root.endswith("/anyio"):
            source = os.path.join(root, name)
            py_compile.compile(
                source,
                cfile=source + "c",
                dfile=os.path.relpath(source, "/folder"),
                doraise=True,
                optimize=2,  # without docstrings, a third smaller
                invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
            )
            os.remove(source)
`);
