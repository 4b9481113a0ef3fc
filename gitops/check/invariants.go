package check

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Facts are what the status contract speaks of.
type Facts struct {
	Deleting   bool
	Generation int64
	Observed   int64
	Seen       bool
	Conditions map[string]map[string]any
}

// FactsOf reads the facts from an object.
func FactsOf(object *unstructured.Unstructured) Facts {
	observed, found, _ := unstructured.NestedInt64(object.Object, "status", "observedGeneration")
	facts := Facts{
		Deleting:   object.GetDeletionTimestamp() != nil,
		Generation: object.GetGeneration(),
		Observed:   observed,
		Seen:       found && observed >= 0,
		Conditions: map[string]map[string]any{},
	}
	list, _, _ := unstructured.NestedSlice(object.Object, "status", "conditions")
	for _, item := range list {
		if condition, ok := item.(map[string]any); ok {
			facts.Conditions[fmt.Sprint(condition["type"])] = condition
		}
	}
	return facts
}

func (facts Facts) is(conditionType, status string) bool {
	condition, found := facts.Conditions[conditionType]
	return found && condition["status"] == status
}

func (facts Facts) isSettled() bool {
	return facts.Seen && facts.Observed == facts.Generation && !facts.Deleting
}

// agreeing says which verdicts of Argo CD mean the same as one of kstatus.
var agreeing = map[string][]string{
	"Current":     {"Healthy", "Suspended"},
	"InProgress":  {"Progressing"},
	"Failed":      {"Degraded"},
	"Terminating": {"Progressing"},
}

type invariant struct {
	name  string
	holds func(facts Facts, kstatus, argo string) bool
}

var invariants = []invariant{
	{"both engines agree", func(_ Facts, kstatus, argo string) bool { return slices.Contains(agreeing[kstatus], argo) }},
	{"Current only while Ready is True", func(facts Facts, kstatus, _ string) bool {
		return kstatus != "Current" || facts.is("Ready", "True")
	}},
	{"Healthy only while Ready is True", func(facts Facts, _, argo string) bool {
		return argo != "Healthy" || facts.is("Ready", "True")
	}},
	{"Suspended only while Ready says so", func(facts Facts, _, argo string) bool {
		return argo != "Suspended" || (facts.is("Ready", "True") && text(facts.Conditions["Ready"], "reason") == "Suspended")
	}},
	{"Stalled is Failed and Degraded", func(facts Facts, kstatus, argo string) bool {
		return !facts.isSettled() || !facts.is("Stalled", "True") || (kstatus == "Failed" && argo == "Degraded")
	}},
	{"an unseen change is InProgress and Progressing", func(facts Facts, kstatus, argo string) bool {
		return facts.Deleting || facts.isSettled() || (kstatus == "InProgress" && argo == "Progressing")
	}},
	{"Ready exists once the object was seen", func(facts Facts, _, _ string) bool {
		return !facts.Seen || facts.Conditions["Ready"] != nil
	}},
	{"Reconciling and Stalled are present only while True", func(facts Facts, _, _ string) bool {
		return onlyWhileTrue(facts, "Reconciling") && onlyWhileTrue(facts, "Stalled")
	}},
	// kstatus takes the first of the two in the list, whatever the order means.
	{"Reconciling and Stalled are never both there", func(facts Facts, _, _ string) bool {
		return facts.Conditions["Reconciling"] == nil || facts.Conditions["Stalled"] == nil
	}},
	{"no condition is False while Ready is True", func(facts Facts, _, _ string) bool {
		for conditionType := range facts.Conditions {
			if facts.is("Ready", "True") && facts.is(conditionType, "False") {
				return false
			}
		}
		return true
	}},
	{"each condition carries the generation of the status", func(facts Facts, _, _ string) bool {
		for _, condition := range facts.Conditions {
			if facts.Seen && condition["observedGeneration"] != facts.Observed {
				return false
			}
		}
		return true
	}},
	{"each condition has a reason and a message", func(facts Facts, _, _ string) bool {
		for _, condition := range facts.Conditions {
			if text(condition, "reason") == "" || text(condition, "message") == "" {
				return false
			}
		}
		return true
	}},
}

func onlyWhileTrue(facts Facts, conditionType string) bool {
	return facts.Conditions[conditionType] == nil || facts.is(conditionType, "True")
}

func text(condition map[string]any, key string) string {
	value, _ := condition[key].(string)
	return value
}

// Broken names the rules of the status contract that an object breaks.
func Broken(object *unstructured.Unstructured, kstatus, argo string) []string {
	facts := FactsOf(object)
	var broken []string
	for _, rule := range invariants {
		if !rule.holds(facts, kstatus, argo) {
			broken = append(broken, rule.name)
		}
	}
	return broken
}
