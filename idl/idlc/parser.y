/*
 * The grammar of LANGUAGE.md. Keywords are words with a meaning in their own
 * places only: `flags`, `call` or `buffer` may name a parameter (see `name`).
 * Errors resume behind the next `;` or `}`.
 */
%code requires {
#include "parse.h"
#ifndef YY_TYPEDEF_YY_SCANNER_T
#define YY_TYPEDEF_YY_SCANNER_T
typedef void *yyscan_t;
#endif
}

%code {
#include "lexer.h"
#include "tree.h"
static void yyerror(const YYLTYPE *at, yyscan_t scanner, struct parse *parse, const char *message);
#define AT(place) ((struct location){parse->file->path, (place).first_line, (place).first_column})
}

%define api.pure full
%define parse.error custom
%define parse.lac full
%locations
%lex-param { yyscan_t scanner }
%parse-param { yyscan_t scanner } { struct parse *parse }

%union {
	struct name name;
	struct number number;
	struct type *type;
	struct list list;
	struct declaration *declaration;
	struct interface *interface;
	struct method *method;
	enum direction direction;
}

%token <name> NAME "a name"
%token <number> NUMBER "a number"
%token <number> TIME "a time"
%token ARROW "'->'"
%token <name> KW_NEWTYPE "'newtype'" KW_ENUM "'enum'" KW_FLAGS "'flags'" KW_STRUCT "'struct'"
%token <name> KW_PERSISTENT "'persistent'" KW_VERSION "'version'" KW_KERNEL "'kernel'" KW_INTERFACE "'interface'"
%token <name> KW_ERROR "'error'" KW_CALL "'call'" KW_ONEWAY "'oneway'" KW_EVENT "'event'"
%token <name> KW_IDEMPOTENT "'idempotent'" KW_AT_MOST_ONCE "'at_most_once'" KW_BUDGET "'budget'"
%token <name> KW_NEEDS "'needs'" KW_WHEN "'when'" KW_UNLOCKED "'unlocked'" KW_AT_HOME "'at_home'"
%token <name> KW_DESTROYS "'destroys'"
%token <name> KW_BYTES "'bytes'" KW_CAP "'cap'" KW_RING "'ring'" KW_BUFFER "'buffer'"
%token <name> KW_IN "'in'" KW_OUT "'out'" KW_INOUT "'inout'" KW_ENDPOINT "'endpoint'" KW_MOVE "'move'"
%token END 0 "the end of the file"

%type <name> name
%type <type> type simple_type
%type <list> members member_list fields parameters parameter_list results rights names
%type <declaration> type_declaration
%type <interface> interface_body
%type <method> method annotations
%type <direction> direction

%%

file: %empty
    | file declaration
    ;

declaration:
      type_declaration { list_add(&parse->file->declarations, $1); }
    | KW_INTERFACE name '=' NUMBER '{' interface_body '}'
        { tree_interface(parse, $6, $2, $1.doc, $4, false); }
    | KW_KERNEL KW_INTERFACE name '=' NUMBER '{' interface_body '}'
        { tree_interface(parse, $7, $3, $1.doc, $5, true); }
    | KW_NEWTYPE name ':' name ';'
        { list_add(&parse->file->declarations, tree_declaration(DECLARATION_NEWTYPE, $2, $1.doc, $4)); }
    | error ';'
    | error '}' { yyerrok; }
    ;

type_declaration:
      KW_ENUM name ':' name '{' members '}'
        { $$ = tree_declaration(DECLARATION_ENUM, $2, $1.doc, $4); $$->members = $6; }
    | KW_FLAGS name ':' name '{' members '}'
        { $$ = tree_declaration(DECLARATION_FLAGS, $2, $1.doc, $4); $$->members = $6; }
    | KW_STRUCT name '{' fields '}'
        { $$ = tree_declaration(DECLARATION_STRUCT, $2, $1.doc, $2); $$->fields = $4; }
    | KW_PERSISTENT KW_STRUCT name KW_VERSION NUMBER '{' fields '}'
        {
          $$ = tree_declaration(DECLARATION_STRUCT, $3, $1.doc, $3);
          $$->fields = $7;
          $$->persistent = true;
          $$->version = $5;
        }
    ;

members:
      %empty { $$ = (struct list){0}; }
    | member_list
    | member_list ','
    ;

member_list:
      name '=' NUMBER { $$ = (struct list){0}; list_add(&$$, tree_member($1, $3)); }
    | member_list ',' name '=' NUMBER { $$ = $1; list_add(&$$, tree_member($3, $5)); }
    ;

fields:
      %empty { $$ = (struct list){0}; }
    | fields name ':' type ';' { $$ = $1; list_add(&$$, tree_field($2, $4)); }
    | fields error ';' { $$ = $1; yyerrok; }
    ;

interface_body:
      %empty { $$ = memory_take(sizeof(*$$)); }
    | interface_body type_declaration { $$ = $1; list_add(&$$->declarations, $2); }
    | interface_body KW_ERROR '{' members '}' { $$ = $1; tree_errors($$, $2, $4); }
    | interface_body method { $$ = $1; list_add(&$$->methods, $2); }
    | interface_body KW_EVENT name '=' NUMBER ';' { $$ = $1; tree_event($$, $3, $2.doc, $5); }
    | interface_body error ';' { $$ = $1; yyerrok; }
    ;

method:
      KW_CALL name '=' NUMBER parameters ARROW results annotations ';'
        { $$ = $8; tree_method($$, $2, $1.doc, $4, $5, $7); }
    | KW_ONEWAY name '=' NUMBER parameters annotations ';'
        { $$ = $6; tree_method($$, $2, $1.doc, $4, $5, (struct list){0}); $$->oneway = true; }
    ;

parameters: '(' parameter_list ')' { $$ = $2; } | '(' ')' { $$ = (struct list){0}; } ;
results: parameters ;

parameter_list:
      name ':' type { $$ = (struct list){0}; list_add(&$$, tree_field($1, $3)); }
    | parameter_list ',' name ':' type { $$ = $1; list_add(&$$, tree_field($3, $5)); }
    ;

annotations:
      %empty { $$ = memory_take(sizeof(*$$)); }
    | annotations KW_IDEMPOTENT { $$ = $1; tree_restart($$, $2.at, RESTART_IDEMPOTENT); }
    | annotations KW_AT_MOST_ONCE { $$ = $1; tree_restart($$, $2.at, RESTART_AT_MOST_ONCE); }
    | annotations KW_BUDGET TIME { $$ = $1; tree_budget($$, $2.at, $3); }
    | annotations KW_NEEDS names { $$ = $1; tree_rule($$, $2, RULE_NEEDS); $$->needs = $3; }
    | annotations KW_WHEN names { $$ = $1; tree_rule($$, $2, RULE_WHEN); $$->states = $3; }
    | annotations KW_UNLOCKED { $$ = $1; tree_rule($$, $2, RULE_UNLOCKED); }
    | annotations KW_AT_HOME { $$ = $1; tree_rule($$, $2, RULE_AT_HOME); }
    | annotations KW_DESTROYS { $$ = $1; tree_rule($$, $2, RULE_DESTROYS); }
    ;

names:
      name { $$ = (struct list){0}; list_add(&$$, tree_name($1)); }
    | names ',' name { $$ = $1; list_add(&$$, tree_name($3)); }
    ;

type:
      simple_type
    | type '[' NUMBER ']' { $$ = tree_array($1, $3); }
    ;

simple_type:
      NAME { $$ = tree_type(TYPE_NAMED, $1); }
    | NAME '<' rights '>' { $$ = tree_slot($1, $3); }
    | KW_BYTES '<' NUMBER '>' { $$ = tree_type(TYPE_BYTES, $1); $$->count = $3; }
    | KW_CAP '<' KW_ENDPOINT '>' { $$ = tree_cap($1, $3.text, NULL, (struct list){0}, false); }
    | KW_CAP '<' KW_ENDPOINT name '>' { $$ = tree_cap($1, $3.text, &$4, (struct list){0}, false); }
    | KW_CAP '<' NAME rights '>' { $$ = tree_cap($1, $3.text, NULL, $4, false); }
    | KW_CAP '<' KW_MOVE KW_ENDPOINT '>' { $$ = tree_cap($1, $4.text, NULL, (struct list){0}, true); }
    | KW_CAP '<' KW_MOVE KW_ENDPOINT name '>' { $$ = tree_cap($1, $4.text, &$5, (struct list){0}, true); }
    | KW_CAP '<' KW_MOVE NAME rights '>' { $$ = tree_cap($1, $4.text, NULL, $5, true); }
    | KW_RING '<' type ',' NUMBER '>' { $$ = tree_type(TYPE_RING, $1); $$->element = $3; $$->count = $5; }
    | KW_BUFFER '<' NUMBER ',' direction '>'
        { $$ = tree_type(TYPE_BUFFER, $1); $$->count = $3; $$->direction = $5; }
    ;

rights:
      %empty { $$ = (struct list){0}; }
    | rights name { $$ = $1; list_add(&$$, tree_name($2)); }
    ;

direction:
      KW_IN { $$ = DIRECTION_IN; }
    | KW_OUT { $$ = DIRECTION_OUT; }
    | KW_INOUT { $$ = DIRECTION_INOUT; }
    ;

name: NAME | KW_NEWTYPE | KW_ENUM | KW_FLAGS | KW_STRUCT | KW_PERSISTENT | KW_VERSION | KW_KERNEL | KW_INTERFACE
    | KW_ERROR | KW_CALL | KW_ONEWAY | KW_EVENT | KW_IDEMPOTENT | KW_AT_MOST_ONCE | KW_BUDGET | KW_NEEDS | KW_WHEN
    | KW_UNLOCKED | KW_AT_HOME | KW_DESTROYS | KW_BYTES | KW_CAP | KW_RING
    | KW_BUFFER | KW_IN | KW_OUT | KW_INOUT | KW_ENDPOINT | KW_MOVE
    ;

%%

#define EXPECTED_SHOWN 8

static void yyerror(const YYLTYPE *at, yyscan_t scanner, struct parse *parse, const char *message)
{
	(void)scanner;
	diagnostic_error(AT(*at), "%s", message);
}

/* "unexpected X, expected A, B or C"; where any word will do, "a name" stands for all of them. */
static int yyreport_syntax_error(const yypcontext_t *context, yyscan_t scanner, struct parse *parse)
{
	(void)scanner;
	yysymbol_kind_t expected[YYNTOKENS];
	int count = yypcontext_expected_tokens(context, expected, YYNTOKENS);
	bool any_word = false;
	int keywords = 0;
	for (int i = 0; i < count; i++) {
		any_word = any_word || expected[i] == YYSYMBOL_NAME;
		keywords += expected[i] >= YYSYMBOL_KW_NEWTYPE && expected[i] <= YYSYMBOL_KW_MOVE ? 1 : 0;
	}
	bool fold = any_word && keywords > EXPECTED_SHOWN;
	struct text list = {0};
	int shown = 0;
	int total = 0;
	for (int i = 0; i < count; i++) {
		bool keyword = expected[i] >= YYSYMBOL_KW_NEWTYPE && expected[i] <= YYSYMBOL_KW_MOVE;
		total += fold && keyword ? 0 : 1;
	}
	for (int i = 0; i < count; i++) {
		bool keyword = expected[i] >= YYSYMBOL_KW_NEWTYPE && expected[i] <= YYSYMBOL_KW_MOVE;
		if (fold && keyword) {
			continue;
		}
		shown++;
		const char *joint = shown == 1 ? "" : shown == total ? " or " : ", ";
		text_add(&list, "%s%s", joint, yysymbol_name(expected[i]));
	}
	yysymbol_kind_t token = yypcontext_token(context);
	struct location at = AT(*yypcontext_location(context));
	const char *found = token == YYSYMBOL_YYEMPTY ? "nothing" : yysymbol_name(token);
	if (total == 0) {
		diagnostic_error(at, "unexpected %s, expected a declaration", found);
	} else {
		diagnostic_error(at, "unexpected %s, expected %s", found, list.bytes);
	}
	text_free(&list);
	return 0;
}
