namespace PredictiveOrchestration.Circuits.OpenQasm;

/// <summary>The names that a statement may assign to, in any of its parts.</summary>
internal static class AssignedNames
{
    public static IEnumerable<string> In(Statement statement)
    {
        switch (statement)
        {
            case AssignmentStatement { Target: NameNode name }:
                return [name.Name];
            case AssignmentStatement { Target: IndexNode { Target: NameNode name } }:
                return [name.Name];
            case IfStatement branch:
                return branch.Then.Concat(branch.Else ?? []).SelectMany(In);
            case ForStatement loop:
                return loop.Body.SelectMany(In);
            case WhileStatement loop:
                return loop.Body.SelectMany(In);
            case SwitchStatement choice:
                return choice.Cases.SelectMany(c => c.Body).Concat(choice.Default ?? []).SelectMany(In);
            case BlockStatement block:
                return block.Body.SelectMany(In);
            default:
                return [];
        }
    }
}
