namespace PredictiveOrchestration.Costs;

/// <summary>What a cap applies to.</summary>
public enum BudgetScope
{
    /// <summary>Everything together.</summary>
    Total,

    /// <summary>Each job by itself.</summary>
    Job,

    /// <summary>Each calendar day (UTC) by itself.</summary>
    Day,

    /// <summary>Each calendar month (UTC) by itself.</summary>
    Month,

    /// <summary>Jobs with a tag.</summary>
    Tag,

    /// <summary>Jobs on one provider or backend.</summary>
    Provider,
}

/// <summary>A hard cap on money.</summary>
/// <param name="Scope">What it applies to.</param>
/// <param name="Limit">The most, in the ledger's currency, that may be spent and reserved there.</param>
/// <param name="Name">The tag or provider; null for each one by itself. Not used by the other scopes.</param>
public sealed record BudgetCap(BudgetScope Scope, decimal Limit, string? Name = null);

/// <summary>A cap that has no room for a job.</summary>
/// <param name="Cap">The cap.</param>
/// <param name="Where">The tag, provider, day (yyyy-MM-dd) or month (yyyy-MM) it applies to; empty for the total.</param>
/// <param name="Left">What is left under it.</param>
public sealed record BudgetShortage(BudgetCap Cap, string Where, decimal Left)
{
    /// <summary>Says it in words.</summary>
    public override string ToString()
    {
        var what = Cap.Scope switch
        {
            BudgetScope.Total => "the budget",
            BudgetScope.Job => "one job's cap",
            BudgetScope.Day => $"the budget of {Where}",
            BudgetScope.Month => $"the budget of {Where}",
            BudgetScope.Tag => $"the budget of tag '{Where}'",
            _ => $"the budget of provider '{Where}'",
        };
        return string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Left:0.######} of {Cap.Limit:0.######} is left of {what}");
    }
}
