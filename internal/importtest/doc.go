// Package importtest holds, as a test, the directions in which Mailback's packages may import each other and the outside:
// the domain imports the standard library only, adapters do not know each other, the Slack connection does not know the
// domain, and the stand-ins are reached by the sandbox and by tests alone. docs/architecture.md draws the picture.
//
// Its other tests compare pages of docs with what is there: the map of the code, the threats, the decisions and the dependencies.
//
// It has no code of its own. The test of imports reads the import clauses of every Go file of the module, whatever its build
// constraints, so that no platform is left out and nothing has to be built; packages that do not exist break no rule.
package importtest
