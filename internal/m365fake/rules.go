package m365fake

import (
	"fmt"
	"net/http"
	"strings"
)

// operators says what $filter may do with a property: basic always, advanced only with the header
// `ConsistencyLevel: eventual` and `$count=true` (learn.microsoft.com/graph/aad-advanced-queries and the
// resource types' property tables).
type operators struct{ basic, advanced string }

// userFilters are the rules of learn.microsoft.com/graph/api/resources/user.
func userFilters() map[string]operators {
	word := operators{"eq ge le in startswith", "ne not"}
	flag := operators{"eq in", "ne not"}
	date := operators{"eq ge le in", "ne not"}
	address := operators{"eq ge le in startswith", "ne not endswith"}
	return map[string]operators{
		"accountEnabled": flag, "createdDateTime": date, "deletedDateTime": date, "department": word, "displayName": word,
		"givenName": word, "id": flag, "jobTitle": word, "mail": address, "mailNickname": word,
		"onPremisesImmutableId": date, "onPremisesSamAccountName": word, "onPremisesSyncEnabled": flag, "surname": word,
		"usageLocation": word, "userPrincipalName": address, "userType": flag,
		"assignedLicenses": {"eq", "not $count"}, "assignedPlans": {"eq", "not $count"},
		"proxyAddresses": {"eq ge le startswith", "not endswith $count"},
	}
}

func groupFilters() map[string]operators {
	word := operators{"eq ge le in startswith", "ne not"}
	return map[string]operators{
		"displayName": word, "id": {"eq in", "ne not"}, "mail": {"eq ge le in startswith", "ne not endswith"},
		"mailEnabled": {"eq", "ne not"}, "mailNickname": word, "securityEnabled": {"eq in", "ne not"},
		"proxyAddresses": {"eq ge le startswith", "not endswith $count"}, "groupTypes": {"eq", "not"},
		"isAssignableToRole": {"eq", "ne not"},
	}
}

// contactFilters are the rules of learn.microsoft.com/graph/api/resources/orgcontact.
func contactFilters() map[string]operators {
	return map[string]operators{
		"displayName": {"eq ge le in startswith", "ne not"}, "mail": {"eq ge le in startswith", "ne not endswith"},
		"id": {"eq in", "ne not"}, "proxyAddresses": {"eq ge le startswith", "not endswith $count"},
	}
}

// checkFilter refuses what the directory cannot do with these properties. It walks the whole tree.
func (e *entity[T]) checkFilter(f expr, q query) error {
	switch f := f.(type) {
	case logic:
		if err := e.checkFilter(f.left, q); err != nil {
			return err
		}
		return e.checkFilter(f.right, q)
	case negation:
		if !q.advanced() {
			return missingAdvanced("Not", q)
		}
		return e.checkFilter(f.of, q)
	case anyOf:
		return e.checkLambda(f, q)
	case comparison:
		return e.checkComparison(f.path, f.op, q)
	}
	return nil
}

func (e *entity[T]) checkLambda(f anyOf, q query) error {
	c, ok := f.of.(comparison)
	if !ok || (c.path != f.variable && !strings.HasPrefix(c.path, f.variable+"/")) {
		return e.unsupportedFilter(f.path)
	}
	return e.checkComparison(f.path, c.op, q)
}

func (e *entity[T]) checkComparison(path, op string, q query) error {
	property, counted := strings.CutSuffix(path, "/$count")
	if counted {
		op = "$count"
	}
	if _, known := e.props[property]; !known {
		return &graphError{
			status: http.StatusBadRequest, code: "BadRequest",
			message: fmt.Sprintf("Invalid filter clause: Could not find a property named '%s' on type '%s'.", property, e.odataType),
		}
	}
	rule, filterable := e.filters[property]
	switch {
	case filterable && hasWord(rule.basic, op):
		return nil
	case filterable && hasWord(rule.advanced, op):
		if q.advanced() {
			return nil
		}
		return missingAdvanced(operatorName(op), q)
	}
	return e.unsupportedFilter(property)
}

func hasWord(list, word string) bool { return strings.Contains(" "+list+" ", " "+word+" ") }

// operatorName is an operator as the directory's refusals name it.
func operatorName(op string) string {
	switch op {
	case "ne":
		return "NotEqualsMatch"
	case "endswith":
		return "endsWith"
	}
	return op
}

func (e *entity[T]) unsupportedFilter(property string) error {
	return unsupportedQuery(fmt.Sprintf("Unsupported or invalid query filter clause specified for property '%s' of resource '%s'.", property, e.name))
}

func missingAdvanced(operator string, q query) error {
	why := "the 'ConsistencyLevel:eventual' header is missing. Refer to https://aka.ms/graph-docs/advanced-queries for more information"
	if q.eventual {
		why = "the required parameters might be missing. Try adding $count=true query parameter and ConsistencyLevel:eventual header. " +
			"Refer to https://aka.ms/graph-docs/advanced-queries for more information"
	}
	return unsupportedQuery(fmt.Sprintf("Operator '%s' is not supported because %s", operator, why))
}

func unsupportedQuery(message string) *graphError {
	return &graphError{status: http.StatusBadRequest, code: "Request_UnsupportedQuery", message: message}
}
