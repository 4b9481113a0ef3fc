// Package check asks kstatus (Flux, kpt) and our Argo CD health script, in the Lua engine that Argo CD uses, what they
// think of recorded objects.
package check

import (
	"context"
	"fmt"
	"time"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Verdict is what an engine says of an object.
type Verdict struct {
	Status  string
	Message string
}

// Kstatus asks the library that Flux and kpt use.
func Kstatus(object *unstructured.Unstructured) (Verdict, error) {
	result, err := status.Compute(object)
	if err != nil {
		return Verdict{}, err
	}
	return Verdict{Status: string(result.Status), Message: result.Message}, nil
}

// Argo runs a health script as Argo CD does: deletion is decided before the script, and of Lua's libraries only
// package, base and table are there (no string, no math), for a second at most.
func Argo(script string, object *unstructured.Unstructured) (Verdict, error) {
	if object.GetDeletionTimestamp() != nil {
		return Verdict{Status: "Progressing", Message: "Pending deletion"}, nil
	}
	return RunLua(script, object)
}

// RunLua runs a health script on an object and reads the table that it returns.
func RunLua(script string, object *unstructured.Unstructured) (Verdict, error) {
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	libraries := []struct {
		name string
		open lua.LGFunction
	}{{lua.LoadLibName, lua.OpenPackage}, {lua.BaseLibName, lua.OpenBase}, {lua.TabLibName, lua.OpenTable}}
	for _, library := range libraries {
		call := lua.P{Fn: state.NewFunction(library.open), Protect: true}
		if err := state.CallByParam(call, lua.LString(library.name)); err != nil {
			return Verdict{}, fmt.Errorf("opening Lua library %q: %w", library.name, err)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	state.SetContext(ctx)
	state.SetGlobal("obj", toLua(state, object.Object))
	if err := state.DoString(script); err != nil {
		return Verdict{}, err
	}
	table, ok := state.Get(-1).(*lua.LTable)
	if !ok {
		return Verdict{}, fmt.Errorf("the script returned a %s, not a table", state.Get(-1).Type())
	}
	return Verdict{Status: field(table, "status"), Message: field(table, "message")}, nil
}

func field(table *lua.LTable, name string) string {
	text, _ := table.RawGetString(name).(lua.LString)
	return string(text)
}

func toLua(state *lua.LState, value any) lua.LValue {
	switch known := value.(type) {
	case bool:
		return lua.LBool(known)
	case string:
		return lua.LString(known)
	case int64:
		return lua.LNumber(known)
	case float64:
		return lua.LNumber(known)
	case []any:
		list := state.NewTable()
		for _, item := range known {
			list.Append(toLua(state, item))
		}
		return list
	case map[string]any:
		table := state.NewTable()
		for key, item := range known {
			table.RawSetString(key, toLua(state, item))
		}
		return table
	}
	return lua.LNil
}
