using Microsoft.Extensions.Options;
using Orleans;
using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Runtime.Placement;
using PredictiveOrchestration.Orleans.Silos;

namespace PredictiveOrchestration.Orleans.Placement;

/// <summary>Grains go where predictions say that they end soonest, see <see cref="PlacementChooser"/>.</summary>
[Serializable]
[GenerateSerializer]
[Immutable]
[SuppressReferenceTracking]
internal sealed class PredictivePlacement : PlacementStrategy;

/// <summary>Marks grains that are placed by prediction.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class PredictivePlacementAttribute() : PlacementAttribute(new PredictivePlacement());

/// <summary>Places runs by what their first message says that they need, and what is known of the silos.</summary>
internal sealed class PredictivePlacementDirector(SiloDirectory directory, IOptions<OrleansWorkerOptions> options) : IPlacementDirector
{
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        var compatible = context.GetCompatibleSilos(target);
        var needs = target.RequestContextData is { } data && data.TryGetValue(RunNeeds.ContextKey, out var value) ? value as RunNeeds : null;
        if (needs?.Silo is { } only)
        {
            return Task.FromResult(Array.Find(compatible, s => s.ToParsableString() == only)
                ?? throw new OrleansException($"The silo '{only}' is gone, or runs a version without '{target.GrainIdentity.Type}'."));
        }

        if (needs?.Rather is { } rather && Array.Find(compatible, s => s.ToParsableString() == rather) is { } free)
        {
            directory.Sent(rather, 0, target.GrainIdentity.Key.ToString());
            return Task.FromResult(free);
        }

        var here = context.LocalSilo;
        bool IsCompatible(Place place) => Array.Exists(compatible, s => s.ToParsableString() == place.Report.Address);
        needs ??= new RunNeeds();
        var incumbent = here.ToParsableString();

        // A few by chance; where none of them can do it, all.
        if ((PlacementChooser.Choose(directory.Choices().Where(IsCompatible), needs, incumbent, options.Value.PlacementMargin)
            ?? PlacementChooser.Choose(directory.Places().Where(IsCompatible), needs, incumbent, options.Value.PlacementMargin)) is { } choice)
        {
            directory.Sent(choice.Silo, choice.RunSeconds, needs.Engines.Length > 0 ? target.GrainIdentity.Key.ToString() : null);
            return Task.FromResult(Array.Find(compatible, s => s.ToParsableString() == choice.Silo)!);
        }

        // Nothing is known yet: any that can host it.
        return Task.FromResult(Array.Find(compatible, s => s.Equals(here)) ?? compatible[(int)(target.GrainIdentity.GetUniformHashCode() % (uint)compatible.Length)]);
    }
}

/// <summary>Marks grains that live on the silo whose address is their key.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class SiloKeyPlacementAttribute() : PlacementAttribute(new SiloKeyPlacement());

/// <summary>Grains live on the silo whose address is their key, or nowhere.</summary>
[Serializable]
[GenerateSerializer]
[Immutable]
[SuppressReferenceTracking]
internal sealed class SiloKeyPlacement : PlacementStrategy;

/// <summary>Places a grain on the silo that its key names.</summary>
internal sealed class SiloKeyPlacementDirector : IPlacementDirector
{
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        var key = target.GrainIdentity.Key.ToString();
        return Task.FromResult(Array.Find(context.GetCompatibleSilos(target), s => s.ToParsableString() == key) ?? throw new OrleansException($"The silo '{key}' is gone."));
    }
}
