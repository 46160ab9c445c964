#!/usr/bin/env python3
"""unity_groups.py LINES FILE...: which of the C++ files may be compiled as one, for CMake (cmake/sluice.cmake, sluice_unity).

One line a file, "GROUP FILE". Files of a group keep out of each other's way, so that none needs to know its neighbours and a new
one needs no list:

- a name that one gives to something of its own (in an unnamed namespace, static, a macro) means nothing else in another,
- they open the same namespaces to everything (`using namespace` outside any),
- none sets a macro before its first #include, for that is meant for the headers.

Files go by size into the first group that has room (LINES in all), which bounds the memory of a compiler. What this reading
of C++ misses, the compiler refuses: then a name should be told apart.
"""
import pathlib
import re
import sys

NOISE = re.compile(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<!\w)\'(?:\\.|[^\'\\\n])+\'', re.S)
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*$", re.M)
DECLARED = re.compile(r"([\w:~]+)\s*(?=[({=;\[])")
TAG = re.compile(r"\b(?:struct|class|union|enum|concept)\s+(?:class\s+|struct\s+)?(\w+)")
ALIAS = re.compile(r"(?:using|namespace) (\w+) = ")
NOT_NAMES = re.compile(r"(?:TEST_CASE\w*|SCENARIO|TEMPLATE_TEST_CASE\w*|static_assert|extern)\b")


def declarations(code):
    """(declaration, namespaces) of each that stands in no function and no type; an unnamed namespace is ''."""
    open_braces, start = [], 0  # a namespace's name, or None for a body
    for brace in re.finditer(r"[{};]", code):
        at, head = brace.start(), " ".join(code[start : brace.start()].split())
        in_body = None in open_braces
        if brace.group() == "{":
            space = None if in_body else re.search(r"(?:^|\s)(?:inline )?namespace ?([\w:]*)$", head)
            if not in_body and not space:
                yield head + " {", tuple(open_braces)
            open_braces.append(space.group(1) if space else None)
        elif brace.group() == ";":
            if not in_body:
                yield head + ";", tuple(open_braces)
        elif open_braces:
            open_braces.pop()
        if None not in open_braces:
            start = at + 1


def named(declaration):
    """(name, meaning): the name that is declared, and a text that is equal only where the same is meant; or None."""
    if NOT_NAMES.match(declaration):
        return None
    declaration = re.sub(r"^template ?<.*?> (?=\w)", "", declaration)
    if alias := ALIAS.match(declaration):
        return alias.group(1), declaration
    if declaration.startswith("using "):
        return None
    if tag := TAG.search(declaration.split("(")[0]):
        return tag.group(1), None
    if "operator" in declaration:
        return declaration.rstrip("{; "), None
    found = DECLARED.search(declaration)
    # A definition by its full name (`Type::member`) belongs to what declared it.
    return (found.group(1), None) if found and "::" not in found.group(1) else None


class Source:
    def __init__(self, path):
        text = pathlib.Path(path).read_text()
        code = NOISE.sub(lambda noise: '""' if noise.group()[0] in "\"'R" else " ", text)
        first_include = re.search(r"^\s*#\s*include", code, re.M)
        macros = list(re.finditer(r"^[ \t]*#[ \t]*define[ \t]+(\w+)", code, re.M))
        self.path = path
        self.lines = len(text.splitlines())
        self.alone = bool(macros and first_include and macros[0].start() < first_include.start())
        self.own, self.shared, self.opened = {macro.group(1): None for macro in macros}, {}, set()
        for declaration, namespaces in declarations(DIRECTIVE.sub("", code)):
            if declaration.startswith("using namespace ") and not namespaces:
                self.opened.add(declaration)
            elif entry := named(declaration):
                into = self.own if "" in namespaces or re.search(r"\bstatic\b", declaration) else self.shared
                into[entry[0]] = entry[1]

    def fits(self, other):
        def agree(a, b):
            return all(a[name] is not None and a[name] == b[name] for name in a.keys() & b.keys())

        return (not (self.alone or other.alone) and self.opened == other.opened and agree(self.own, other.own)
                and agree(self.own, other.shared) and agree(self.shared, other.own))


def groups(sources, limit):
    """The same files always give the same groups."""
    found = []
    for source in sorted(sources, key=lambda source: (-source.lines, source.path)):
        for group in found:
            if sum(member.lines for member in group) + source.lines <= limit and all(source.fits(member) for member in group):
                group.append(source)
                break
        else:
            found.append([source])
    return found


def main():
    for number, group in enumerate(groups([Source(path) for path in sys.argv[2:]], int(sys.argv[1]))):
        for source in sorted(group, key=lambda source: source.path):
            print(f"{number} {source.path}")


if __name__ == "__main__":
    main()
