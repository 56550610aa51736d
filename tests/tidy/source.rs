//! A source file as the rules see it: parsed, with every path that it mentions.
//!
//! Paths come from `use` trees, expressions, patterns, types and the tokens of
//! macros. What is compiled for tests only is marked, and so is what stands in
//! a pattern.

use proc_macro2::{TokenStream, TokenTree};
use std::collections::{BTreeMap, BTreeSet};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, Item, UseTree, Visibility};

/// Where a path stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Position {
    /// In a `use` item.
    Use,
    /// In an expression, a type, or a macro.
    Code,
    /// In a pattern, or beside `==` or `!=`: it is asked for, not used.
    Pattern,
}

/// A path as it is written, all of its segments.
#[derive(Clone, Debug)]
pub(crate) struct Mention {
    pub(crate) path: Vec<String>,
    pub(crate) line: usize,
    pub(crate) position: Position,
}

/// A name that a `use` item brings into scope; `*` for a glob.
#[derive(Clone, Debug)]
pub(crate) struct Import {
    pub(crate) name: String,
    pub(crate) path: Vec<String>,
    pub(crate) line: usize,
}

/// A type that the file defines, and whether other files can see it.
#[derive(Clone, Debug)]
pub(crate) struct Type {
    pub(crate) name: String,
    pub(crate) line: usize,
    pub(crate) visible: bool,
}

/// A module that is declared without a body.
#[derive(Clone, Debug)]
pub(crate) struct Child {
    pub(crate) name: String,
    /// What `#[path = "…"]` says.
    pub(crate) path: Option<String>,
}

/// One module: a file, or a module with a body inside one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope {
    pub(crate) imports: Vec<Import>,
    pub(crate) mentions: Vec<Mention>,
    /// The names of the items that are written here.
    pub(crate) items: BTreeSet<String>,
    pub(crate) types: Vec<Type>,
    pub(crate) functions: Vec<usize>,
    pub(crate) implementations: Vec<usize>,
    /// Macros with `#[macro_export]`: they are named at the root.
    pub(crate) exported_macros: Vec<String>,
    /// Whether a macro at item level may have written more names.
    pub(crate) grown: bool,
    pub(crate) children: Vec<Child>,
    pub(crate) inner: BTreeMap<String, Scope>,
}

/// A parsed file.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
    /// Without what is compiled for tests only.
    pub(crate) scope: Scope,
    /// With it.
    pub(crate) with_tests: Scope,
    /// The lines that hold code, tests left out.
    pub(crate) code_lines: BTreeSet<usize>,
    /// The first lines and last lines of what is compiled for tests only.
    pub(crate) test_lines: Vec<(usize, usize)>,
}

impl Source {
    pub(crate) fn parse(path: &str, text: &str) -> Source {
        let file = syn::parse_file(text).unwrap_or_else(|e| panic!("{path}: {e}"));
        let gather = |tests: bool| {
            let mut gatherer = Gatherer { tests, ..Gatherer::default() };
            if tests || !for_tests(&file.attrs) {
                gatherer.visit_file(&file);
            }
            gatherer
        };
        let with_tests = gather(true).scope;
        let Gatherer { scope, skipped: test_lines, .. } = gather(false);
        let mut code_lines = BTreeSet::new();
        lines_of(text.parse().expect("a file that parses has tokens"), &mut code_lines);
        code_lines.retain(|line| !test_lines.iter().any(|(first, last)| (first..=last).contains(&line)));
        Source { path: path.to_owned(), text: text.to_owned(), scope, with_tests, code_lines, test_lines }
    }

    /// Whether the line belongs to what is compiled for tests only.
    pub(crate) fn is_test_line(&self, line: usize) -> bool {
        self.test_lines.iter().any(|(first, last)| (*first..=*last).contains(&line))
    }
}

impl Scope {
    /// This module and those inside it.
    pub(crate) fn all(&self) -> Vec<&Scope> {
        let mut found = vec![self];
        for inner in self.inner.values() {
            found.extend(inner.all());
        }
        found
    }

    /// What a path says in full, if its first name is imported here.
    pub(crate) fn spelled_out(&self, path: &[String]) -> Vec<Vec<String>> {
        let imported = self.imports.iter().filter(|import| import.name == path[0]);
        let mut found: Vec<Vec<String>> =
            imported.map(|import| [&import.path[..], &path[1..]].concat()).collect();
        if found.is_empty() {
            found.push(path.to_owned());
        }
        found
    }
}

/// The lines that tokens stand on, comments left out.
fn lines_of(tokens: TokenStream, lines: &mut BTreeSet<usize>) {
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        if is_doc_comment(&token, tokens.peek()) {
            tokens.next_if(|t| matches!(t, TokenTree::Punct(p) if p.as_char() == '!'));
            tokens.next();
            continue;
        }
        match token {
            TokenTree::Group(group) => {
                lines.insert(group.span_open().start().line);
                lines.insert(group.span_close().end().line);
                lines_of(group.stream(), lines);
            }
            other => lines.extend(other.span().start().line..=other.span().end().line),
        }
    }
}

/// A doc comment is `#[doc = "…"]`, all of whose tokens stand at one place.
fn is_doc_comment(token: &TokenTree, next: Option<&TokenTree>) -> bool {
    let (TokenTree::Punct(hash), Some(next)) = (token, next) else {
        return false;
    };
    hash.as_char() == '#' && hash.span().end() == next.span().end()
}

/// Whether the attributes say "for tests only": `#[test]`, or a `cfg` that
/// needs `test`.
pub(crate) fn for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let path = attribute.path();
        let name = path.segments.last().map(|s| s.ident.to_string()).unwrap_or_default();
        match (&attribute.meta, name.as_str()) {
            (_, "test") => true,
            (syn::Meta::List(list), "cfg") => needs_test(list.tokens.clone()),
            _ => false,
        }
    })
}

fn needs_test(tokens: TokenStream) -> bool {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    match &tokens[..] {
        [TokenTree::Ident(word)] => word == "test",
        [TokenTree::Ident(word), TokenTree::Group(group), ..] if word == "all" => {
            let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
            tokens
                .split(|t| matches!(t, TokenTree::Punct(p) if p.as_char() == ','))
                .any(|part| needs_test(part.iter().cloned().collect()))
        }
        _ => false,
    }
}

#[derive(Default)]
struct Gatherer {
    tests: bool,
    scope: Scope,
    /// How deep in functions and other bodies: what is written there has no
    /// name outside.
    depth: usize,
    in_pattern: usize,
    skipped: Vec<(usize, usize)>,
}

fn visible(visibility: &Visibility) -> bool {
    match visibility {
        Visibility::Public(_) => true,
        Visibility::Restricted(restricted) => !restricted.path.is_ident("self"),
        Visibility::Inherited => false,
    }
}

/// The attributes of an item, its name if it has one, and its type's
/// visibility if it is a type.
fn about(item: &Item) -> (&[Attribute], Option<String>, Option<bool>) {
    match item {
        Item::Const(i) => (&i.attrs, Some(i.ident.to_string()), None),
        Item::Enum(i) => (&i.attrs, Some(i.ident.to_string()), Some(visible(&i.vis))),
        Item::ExternCrate(i) => (&i.attrs, None, None),
        Item::Fn(i) => (&i.attrs, Some(i.sig.ident.to_string()), None),
        Item::ForeignMod(i) => (&i.attrs, None, None),
        Item::Impl(i) => (&i.attrs, None, None),
        Item::Macro(i) => (&i.attrs, i.ident.as_ref().map(ToString::to_string), None),
        Item::Mod(i) => (&i.attrs, None, None),
        Item::Static(i) => (&i.attrs, Some(i.ident.to_string()), None),
        Item::Struct(i) => (&i.attrs, Some(i.ident.to_string()), Some(visible(&i.vis))),
        Item::Trait(i) => (&i.attrs, Some(i.ident.to_string()), Some(visible(&i.vis))),
        Item::TraitAlias(i) => (&i.attrs, Some(i.ident.to_string()), Some(visible(&i.vis))),
        Item::Type(i) => (&i.attrs, Some(i.ident.to_string()), Some(visible(&i.vis))),
        Item::Union(i) => (&i.attrs, Some(i.ident.to_string()), Some(visible(&i.vis))),
        Item::Use(i) => (&i.attrs, None, None),
        _ => (&[], None, None),
    }
}

fn path_attribute(attributes: &[Attribute]) -> Option<String> {
    attributes.iter().filter(|a| a.path().is_ident("path")).find_map(|a| match &a.meta {
        syn::Meta::NameValue(syn::MetaNameValue {
            value: syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }),
            ..
        }) => Some(text.value()),
        _ => None,
    })
}

impl Gatherer {
    fn skip(&mut self, attributes: &[Attribute], whole: impl Spanned) -> bool {
        let skip = !self.tests && for_tests(attributes);
        if skip {
            let first = attributes.first().map_or(whole.span().start(), |a| a.span().start());
            self.skipped.push((first.line, whole.span().end().line));
        }
        skip
    }

    fn mention(&mut self, path: Vec<String>, line: usize, position: Position) {
        if path.first().is_some_and(|first| first != "Self") {
            self.scope.mentions.push(Mention { path, line, position });
        }
    }

    fn expand(&mut self, before: &[String], tree: &UseTree) {
        let line = tree.span().start().line;
        let (name, last) = match tree {
            UseTree::Path(path) => {
                let before = [before, &[path.ident.to_string()]].concat();
                return self.expand(&before, &path.tree);
            }
            UseTree::Group(group) => {
                return group.items.iter().for_each(|item| self.expand(before, item));
            }
            UseTree::Name(name) => (name.ident.to_string(), name.ident.to_string()),
            UseTree::Rename(rename) => (rename.rename.to_string(), rename.ident.to_string()),
            UseTree::Glob(_) => ("*".to_owned(), "*".to_owned()),
        };
        let mut path = before.to_owned();
        if last != "self" || path.is_empty() {
            path.push(last.clone());
        }
        let named_self = last == "self" && name == "self";
        let name = if named_self { path.last().cloned().unwrap_or_default() } else { name };
        self.scope.imports.push(Import { name, path: path.clone(), line });
        self.mention(path, line, Position::Use);
    }

    /// The paths in the tokens of a macro: the program of a macro is not known,
    /// so each `a::b` counts. `$crate` is `crate`.
    fn scan(&mut self, tokens: TokenStream, pattern: bool) {
        let tokens: Vec<TokenTree> = without_dollars(tokens).into_iter().collect();
        let is = |at: usize, c: char| matches!(tokens.get(at), Some(TokenTree::Punct(p)) if p.as_char() == c);
        let mut at = 0;
        while at < tokens.len() {
            match &tokens[at] {
                TokenTree::Group(group) => {
                    self.scan(group.stream(), pattern);
                    at += 1;
                }
                TokenTree::Ident(word) if word == "use" => {
                    let end = (at..tokens.len()).find(|end| is(*end, ';')).unwrap_or(tokens.len() - 1);
                    let item: TokenStream = tokens[at..=end].iter().cloned().collect();
                    if let Ok(item) = syn::parse2::<syn::ItemUse>(item) {
                        let imports = self.scope.imports.len();
                        self.expand(&[], &item.tree);
                        self.scope.imports.truncate(imports);
                        at = end;
                    }
                    at += 1;
                }
                TokenTree::Ident(first) => {
                    let line = first.span().start().line;
                    let start = at;
                    let mut path = vec![first.to_string()];
                    at += 1;
                    while let (true, true, Some(TokenTree::Ident(next))) =
                        (is(at, ':'), is(at + 1, ':'), tokens.get(at + 2))
                    {
                        path.push(next.to_string());
                        at += 3;
                    }
                    let outside = start >= 2 && is(start - 1, ':') && is(start - 2, ':');
                    let compared = is(at, '=') && (is(at + 1, '>') || is(at + 1, '='))
                        || is(at, '!') && is(at + 1, '=')
                        || start >= 2 && is(start - 1, '=') && (is(start - 2, '=') || is(start - 2, '!'));
                    let position = if pattern || compared { Position::Pattern } else { Position::Code };
                    if !outside {
                        self.mention(path, line, position);
                    }
                }
                _ => at += 1,
            }
        }
    }

    fn body(&mut self, inside: impl FnOnce(&mut Gatherer)) {
        self.depth += 1;
        inside(self);
        self.depth -= 1;
    }
}

fn without_dollars(tokens: TokenStream) -> TokenStream {
    tokens.into_iter().filter(|t| !matches!(t, TokenTree::Punct(p) if p.as_char() == '$')).collect()
}

/// `matches!(value, pattern)`: the value, and the pattern with its guard.
fn split_matches(tokens: TokenStream) -> (TokenStream, TokenStream, TokenStream) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let comma = tokens.iter().position(|t| matches!(t, TokenTree::Punct(p) if p.as_char() == ','));
    let comma = comma.unwrap_or(tokens.len());
    let guard = tokens.iter().position(|t| matches!(t, TokenTree::Ident(i) if i == "if"));
    let guard = guard.filter(|at| *at > comma).unwrap_or(tokens.len());
    let part = |part: &[TokenTree]| part.iter().cloned().collect();
    (part(&tokens[..comma]), part(&tokens[comma..guard]), part(&tokens[guard..]))
}

fn is_ordering_path(expression: &syn::Expr) -> bool {
    matches!(expression, syn::Expr::Path(_))
}

impl<'ast> Visit<'ast> for Gatherer {
    fn visit_attribute(&mut self, _: &'ast Attribute) {}

    fn visit_visibility(&mut self, _: &'ast Visibility) {}

    fn visit_item(&mut self, item: &'ast Item) {
        let (attributes, name, is_type) = about(item);
        if self.skip(attributes, item) {
            return;
        }
        let line = item.span().start().line;
        if self.depth == 0 {
            match item {
                Item::Fn(function) => self.scope.functions.push(function.sig.fn_token.span.start().line),
                Item::Impl(item) => self.scope.implementations.push(item.impl_token.span.start().line),
                Item::Macro(item) if item.ident.is_none() => self.scope.grown = true,
                Item::Macro(item) if item.attrs.iter().any(|a| a.path().is_ident("macro_export")) => {
                    self.scope.exported_macros.extend(name.clone());
                }
                _ => {}
            }
            if let (Some(name), Some(visible)) = (&name, is_type) {
                self.scope.types.push(Type { name: name.clone(), line, visible });
            }
            self.scope.items.extend(name);
        }
        match item {
            Item::Use(item) => self.expand(&[], &item.tree),
            Item::Mod(item) => match &item.content {
                None => {
                    let path = path_attribute(&item.attrs);
                    self.scope.children.push(Child { name: item.ident.to_string(), path });
                }
                Some((_, items)) => {
                    let outer = std::mem::take(&mut self.scope);
                    let depth = std::mem::take(&mut self.depth);
                    items.iter().for_each(|item| self.visit_item(item));
                    let inner = std::mem::replace(&mut self.scope, outer);
                    self.depth = depth;
                    self.scope.inner.insert(item.ident.to_string(), inner);
                }
            },
            _ => self.body(|this| visit::visit_item(this, item)),
        }
    }

    fn visit_impl_item(&mut self, item: &'ast syn::ImplItem) {
        let attributes: &[Attribute] = match item {
            syn::ImplItem::Fn(f) => &f.attrs,
            syn::ImplItem::Const(c) => &c.attrs,
            _ => &[],
        };
        if !self.skip(attributes, item) {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_field(&mut self, field: &'ast syn::Field) {
        if !self.skip(&field.attrs, field) {
            visit::visit_field(self, field);
        }
    }

    fn visit_local(&mut self, local: &'ast syn::Local) {
        if !self.skip(&local.attrs, local) {
            visit::visit_local(self, local);
        }
    }

    fn visit_expr_block(&mut self, block: &'ast syn::ExprBlock) {
        if !self.skip(&block.attrs, block) {
            visit::visit_expr_block(self, block);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.leading_colon.is_none() {
            let names = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
            let position = if self.in_pattern > 0 { Position::Pattern } else { Position::Code };
            self.mention(names, path.span().start().line, position);
        }
        visit::visit_path(self, path);
    }

    fn visit_pat(&mut self, pattern: &'ast syn::Pat) {
        self.in_pattern += 1;
        visit::visit_pat(self, pattern);
        self.in_pattern -= 1;
    }

    fn visit_expr_binary(&mut self, binary: &'ast syn::ExprBinary) {
        let compares = matches!(binary.op, syn::BinOp::Eq(_) | syn::BinOp::Ne(_));
        for side in [&binary.left, &binary.right] {
            let asked = usize::from(compares && is_ordering_path(side));
            self.in_pattern += asked;
            self.visit_expr(side);
            self.in_pattern -= asked;
        }
    }

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        self.visit_path(&item.path);
        if item.path.segments.last().is_some_and(|last| last.ident == "matches") {
            let (value, pattern, guard) = split_matches(item.tokens.clone());
            self.scan(value, false);
            self.scan(pattern, true);
            self.scan(guard, false);
        } else {
            self.scan(item.tokens.clone(), self.in_pattern > 0);
        }
    }
}
