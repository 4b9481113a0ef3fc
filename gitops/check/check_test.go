package check

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const recordingsVariable = "AIMASS_RECORDED_STATUSES"

func healthScript(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../argocd/health.lua")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func load(t *testing.T, folder string) []Recorded {
	t.Helper()
	found, err := Load(folder)
	if err != nil {
		t.Fatal(err)
	}
	if len(found) == 0 {
		t.Fatalf("no object of aimass.dev in %s", folder)
	}
	return found
}

func verdicts(t *testing.T, script string, object *unstructured.Unstructured) (kstatus, argo Verdict) {
	t.Helper()
	kstatus, err := Kstatus(object)
	if err != nil {
		t.Fatalf("kstatus: %v", err)
	}
	argo, err = Argo(script, object)
	if err != nil {
		t.Fatalf("health.lua: %v", err)
	}
	return kstatus, argo
}

func report(t *testing.T, recorded Recorded, kstatus, argo Verdict) {
	t.Helper()
	t.Logf("%-18s kstatus %-11s argo %-11s %s", recorded.Object.GetKind(), kstatus.Status, argo.Status, argo.Message)
	for _, rule := range Broken(recorded.Object, kstatus.Status, argo.Status) {
		t.Errorf("breaks the status contract: %s", rule)
	}
}

func TestEveryPhaseOfLife(t *testing.T) {
	script := healthScript(t)
	for _, recorded := range load(t, "../testdata") {
		t.Run(recorded.Name, func(t *testing.T) {
			if recorded.Expect == nil {
				t.Fatal("does not say what to expect")
			}
			kstatus, argo := verdicts(t, script, recorded.Object)
			report(t, recorded, kstatus, argo)
			if kstatus.Status != recorded.Expect.Kstatus {
				t.Errorf("kstatus says %s (%s), expected %s", kstatus.Status, kstatus.Message, recorded.Expect.Kstatus)
			}
			if argo.Status != recorded.Expect.Argo {
				t.Errorf("Argo CD says %s (%s), expected %s", argo.Status, argo.Message, recorded.Expect.Argo)
			}
		})
	}
}

// What the real operator wrote: recordings in the repository, and those in the folder that the variable names.
func TestRecordedStatuses(t *testing.T) {
	script := healthScript(t)
	folders := []string{"../recorded"}
	if folder := os.Getenv(recordingsVariable); folder != "" {
		folders = append(folders, folder)
	}
	count := map[string]int{}
	for _, folder := range folders {
		for _, recorded := range load(t, folder) {
			t.Run(recorded.Name, func(t *testing.T) {
				kstatus, argo := verdicts(t, script, recorded.Object)
				report(t, recorded, kstatus, argo)
				count[fmt.Sprintf("%s: %s and %s", recorded.Object.GetKind(), kstatus.Status, argo.Status)]++
			})
		}
	}
	for what, times := range count {
		t.Logf("%4d × %s", times, what)
	}
}

// reasons reads the public vocabulary from where it is declared.
func reasons(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("../../crds/schema/reasons.ts")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, match := range regexp.MustCompile(`(?m)^  (\w+): '(\w+)',$`).FindAllStringSubmatch(string(text), -1) {
		found = append(found, match[2])
	}
	if len(found) < 40 {
		t.Fatalf("only %d reasons found: %v", len(found), found)
	}
	return found
}

// A reason is a word for people and dashboards: the verdict follows from the conditions alone, but for Suspended.
func TestEveryReasonInEverySituation(t *testing.T) {
	script := healthScript(t)
	condition := func(conditionType, status, reason string) string {
		return fmt.Sprintf(`{"type":%q,"status":%q,"reason":%q,"message":"M.","observedGeneration":1}`, conditionType, status, reason)
	}
	for _, reason := range reasons(t) {
		healthy := "Healthy"
		if reason == "Suspended" {
			healthy = "Suspended"
		}
		ready, notReady := condition("Ready", "True", reason), condition("Ready", "False", reason)
		reconciling, stalled := condition("Reconciling", "True", reason), condition("Stalled", "True", reason)
		for _, row := range []struct{ conditions, kstatus, argo string }{
			{ready, "Current", healthy},
			{ready + "," + reconciling, "InProgress", "Progressing"},
			{ready + "," + stalled, "Failed", "Degraded"},
			{condition("Ready", "True", "Serving") + "," + stalled, "Failed", "Degraded"},
			{notReady + "," + reconciling, "InProgress", "Progressing"},
			{notReady + "," + stalled, "Failed", "Degraded"},
		} {
			object := objectWith(1, fmt.Sprintf(`{"observedGeneration":1,"conditions":[%s]}`, row.conditions))
			kstatus, argo := verdicts(t, script, object)
			if kstatus.Status != row.kstatus || argo.Status != row.argo {
				t.Errorf("%s: kstatus %s, Argo CD %s; expected %s and %s", row.conditions, kstatus.Status, argo.Status, row.kstatus, row.argo)
			}
			if broken := Broken(object, kstatus.Status, argo.Status); len(broken) > 0 {
				t.Errorf("%s breaks the contract: %v", row.conditions, broken)
			}
		}
	}
}

// Deletion is decided by Argo CD before the script runs; the script says the same when it is asked alone.
func TestScriptAloneKnowsDeletion(t *testing.T) {
	script := healthScript(t)
	for _, recorded := range load(t, "../testdata") {
		if recorded.Object.GetDeletionTimestamp() == nil {
			continue
		}
		verdict, err := RunLua(script, recorded.Object)
		if err != nil || verdict.Status != "Progressing" {
			t.Errorf("%s: %+v, %v", recorded.Name, verdict, err)
		}
	}
}

func TestMessagesAreThoseOfTheOperator(t *testing.T) {
	object := objectWith(1, `{"observedGeneration":1,"conditions":[{"type":"Ready","status":"False","reason":"Starting","message":"0 of 1 pods."}]}`)
	verdict, err := Argo(healthScript(t), object)
	if err != nil || verdict.Message != "0 of 1 pods." {
		t.Errorf("%+v, %v", verdict, err)
	}
}

// Why the CRDs fill status.observedGeneration with -1.
func TestWithoutStatusKstatusWouldTakeAFreshObjectForDone(t *testing.T) {
	object := objectWith(1, `{}`)
	kstatus, argo := verdicts(t, healthScript(t), object)
	if kstatus.Status != "Current" || argo.Status != "Progressing" {
		t.Errorf("kstatus %s, Argo CD %s: the default of status may not be needed any more", kstatus.Status, argo.Status)
	}
	if broken := strings.Join(Broken(object, kstatus.Status, argo.Status), "; "); !strings.Contains(broken, "Current only while Ready is True") {
		t.Errorf("broken: %s", broken)
	}
}

func TestScriptOutlivesOddObjects(t *testing.T) {
	for _, status := range []string{`{}`, `{"observedGeneration":1}`, `{"observedGeneration":1,"conditions":[]}`, `{"observedGeneration":1,"conditions":[{}]}`, `{"conditions":[{"type":"Ready","status":"True"}]}`} {
		verdict, err := Argo(healthScript(t), objectWith(1, status))
		if err != nil || verdict.Status != "Progressing" || verdict.Message == "" {
			t.Errorf("%s: %+v, %v", status, verdict, err)
		}
	}
}

func TestBrokenNamesTheRule(t *testing.T) {
	condition := func(conditionType, status string, generation int) string {
		return fmt.Sprintf(`{"type":%q,"status":%q,"reason":"R","message":"M","observedGeneration":%d}`, conditionType, status, generation)
	}
	ready, notReady := condition("Ready", "True", 1), condition("Ready", "False", 1)
	stalled, reconciling := condition("Stalled", "True", 1), condition("Reconciling", "True", 1)
	for _, row := range []struct{ name, observed, conditions, kstatus, argo, want string }{
		{"engines that differ", "1", ready, "Current", "Progressing", "both engines agree"},
		{"Current without Ready", "1", notReady, "Current", "Healthy", "Current only while Ready is True"},
		{"Healthy without Ready", "1", notReady, "InProgress", "Healthy", "Healthy only while Ready is True"},
		{"Suspended without saying so", "1", ready, "Current", "Suspended", "Suspended only while Ready says so"},
		{"Stalled that is not Failed", "1", notReady + "," + stalled, "InProgress", "Progressing", "Stalled is Failed and Degraded"},
		{"an unseen change that is Current", "0", ready, "Current", "Healthy", "an unseen change is InProgress and Progressing"},
		{"no Ready", "1", stalled, "Failed", "Degraded", "Ready exists once the object was seen"},
		{"Stalled that is False", "1", ready + "," + condition("Stalled", "False", 1), "Current", "Healthy", "Reconciling and Stalled are present only while True"},
		{"Reconciling and Stalled", "1", notReady + "," + reconciling + "," + stalled, "InProgress", "Progressing", "Reconciling and Stalled are never both there"},
		{"a False condition while Ready", "1", ready + "," + condition("ArtifactReady", "False", 1), "Current", "Healthy", "no condition is False while Ready is True"},
		{"a condition of another generation", "1", condition("Ready", "True", 7), "Current", "Healthy", "each condition carries the generation of the status"},
		{"a condition without words", "1", `{"type":"Ready","status":"True","reason":"R","observedGeneration":1}`, "Current", "Healthy", "each condition has a reason and a message"},
	} {
		t.Run(row.name, func(t *testing.T) {
			object := objectWith(1, fmt.Sprintf(`{"observedGeneration":%s,"conditions":[%s]}`, row.observed, row.conditions))
			if broken := strings.Join(Broken(object, row.kstatus, row.argo), "; "); !strings.Contains(broken, row.want) {
				t.Errorf("broken: %q, expected %q", broken, row.want)
			}
		})
	}
}

func objectWith(generation int, status string) *unstructured.Unstructured {
	object := &unstructured.Unstructured{}
	text := fmt.Sprintf(`{"apiVersion":"aimass.dev/v1alpha1","kind":"Model","metadata":{"name":"m","generation":%d},"status":%s}`, generation, status)
	if err := object.UnmarshalJSON([]byte(text)); err != nil {
		panic(err)
	}
	return object
}
