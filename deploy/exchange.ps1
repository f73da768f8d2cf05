#Requires -Version 7.2
#Requires -Modules ExchangeOnlineManagement

<#
.SYNOPSIS
Lets Mailback's application run the Exchange Online cmdlets that it uses, and no others.

.DESCRIPTION
Makes what is not there: a management scope, management roles trimmed to the cmdlets, a role group that has them, and the application's
service principal in Exchange as its member. docs/install.md says what each cmdlet is for. Connect-ExchangeOnline first, as a member of
Organization Management.

Which of Exchange's roles has a cmdlet differs between tenants, so this one is asked.

.PARAMETER AppId
AZURE_CLIENT_ID.

.PARAMETER ObjectId
The object id of the application's service principal, which entra.sh and entra.ps1 print: neither the application's object id nor its client id.

.PARAMETER RecipientFilter
The mailboxes that Mailback may change, as an OPATH filter. Without one it may change all.

.PARAMETER Without
Cmdlets to leave out.

.PARAMETER Name
The name of the role group, and the beginning of the other names.

.EXAMPLE
./exchange.ps1 -AppId 11111111-2222-3333-4444-555555555555 -ObjectId 66666666-7777-8888-9999-000000000000 -RecipientFilter "CustomAttribute1 -ne 'board'" -WhatIf
#>
[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory)]
    [guid]$AppId,
    [Parameter(Mandatory)]
    [guid]$ObjectId,
    [string]$RecipientFilter,
    [string[]]$Without = @(),
    [ValidateLength(1, 30)]
    [string]$Name = 'Mailback'
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

# What docs/install.md says of each.
$cmdlets = @(
    'Get-Mailbox'
    'Get-MailboxStatistics'
    'Get-MailboxPermission'
    'Get-RecipientPermission'
    'Get-PendingDelicenseUser'
    'Get-OrganizationConfig'
    'New-MailboxRestoreRequest'
    'Get-MailboxRestoreRequest'
    'Get-MailboxRestoreRequestStatistics'
    'Set-Mailbox'
    'Resume-MailboxRestoreRequest'
    'Remove-MailboxRestoreRequest'
    'Get-RecoverableItems'
    'Restore-RecoverableItems'
    'Undo-SoftDeletedMailbox'
)

# Where several roles have a cmdlet, the first of these that does is taken: what only reads before what changes.
$preferred = @('View-Only Recipients', 'Mail Recipients', 'Mailbox Import Export', 'Migration', 'Mail Recipient Creation')

if (-not (Get-Command New-ManagementRole -ErrorAction SilentlyContinue)) { throw 'Run Connect-ExchangeOnline first, as a member of Organization Management.' }

# The roles that have the cmdlets.
$parents = [ordered]@{}
foreach ($cmdlet in $cmdlets | Where-Object { $_ -notin $Without }) {
    $roles = @(Get-ManagementRole -Cmdlet $cmdlet -ErrorAction SilentlyContinue | Where-Object { $_.IsRootRole -and $_.Name -notlike 'My*' } | ForEach-Object Name)
    if (-not $roles) {
        Write-Warning "No role of this tenant has $cmdlet. Mailback goes on without it; docs/install.md says what is missing then."
        continue
    }
    $parent = @($preferred | Where-Object { $_ -in $roles }) + $roles | Select-Object -First 1
    $parents[$parent] = @($parents[$parent]) + $cmdlet | Where-Object { $_ }
}

# A copy of each, trimmed to the cmdlets.
$trimmed = foreach ($parent in $parents.Keys) {
    $role = "$Name $parent"
    if (-not (Get-ManagementRole $role -ErrorAction SilentlyContinue)) {
        if ($PSCmdlet.ShouldProcess($role, "Make a copy of the role $parent with $($parents[$parent] -join ', ')")) {
            New-ManagementRole -Name $role -Parent $parent -EnabledCmdlets $parents[$parent] -Description 'What Mailback uses' | Out-Null
        }
    }
    elseif (Compare-Object @(Get-ManagementRoleEntry "$role\*" | ForEach-Object Name | Sort-Object) @($parents[$parent] | Sort-Object)) {
        Write-Warning "The role $role has other cmdlets than $($parents[$parent] -join ', '): remove it and run this again."
    }
    $role
}

# The mailboxes that it may change.
$scope = @{}
if ($RecipientFilter) {
    $scope.CustomRecipientWriteScope = "$Name mailboxes"
    $there = Get-ManagementScope "$Name mailboxes" -ErrorAction SilentlyContinue
    if (-not $there) {
        if ($PSCmdlet.ShouldProcess("$Name mailboxes", "Make a management scope of $RecipientFilter")) {
            New-ManagementScope -Name "$Name mailboxes" -RecipientRestrictionFilter $RecipientFilter | Out-Null
        }
    }
    else {
        Write-Warning "The scope $Name mailboxes is there, with the filter $($there.RecipientFilter): Set-ManagementScope changes it."
    }
}

# The role group.
if (-not (Get-RoleGroup $Name -ErrorAction SilentlyContinue)) {
    if ($PSCmdlet.ShouldProcess($Name, "Make a role group with $($trimmed -join ', ')")) {
        New-RoleGroup -Name $Name -Roles $trimmed @scope -Description 'What Mailback may do in Exchange Online' | Out-Null
    }
}
else {
    $assigned = @(Get-ManagementRoleAssignment -RoleAssignee $Name | ForEach-Object { "$($_.Role)" })
    foreach ($role in $trimmed | Where-Object { $_ -notin $assigned }) {
        if ($PSCmdlet.ShouldProcess($Name, "Give the role group the role $role")) {
            New-ManagementRoleAssignment -SecurityGroup $Name -Role $role @scope | Out-Null
        }
    }
    foreach ($role in $assigned | Where-Object { $_ -notin $trimmed }) {
        Write-Warning "The role group $Name also has the role ${role}: Remove-ManagementRoleAssignment takes it away."
    }
}

# The application in Exchange, and in the role group. Add-RoleGroupMember wants the identity that Exchange gave it.
$there = Get-ServicePrincipal | Where-Object { "$($_.AppId)" -eq "$AppId" }
if (-not $there -and $PSCmdlet.ShouldProcess("$AppId", 'Make the service principal in Exchange')) {
    $there = New-ServicePrincipal -AppId "$AppId" -ObjectId "$ObjectId" -DisplayName $Name
}
if ($PSCmdlet.ShouldProcess($Name, "Add the service principal $ObjectId to the role group")) {
    try { Add-RoleGroupMember -Identity $Name -Member $there.Identity }
    catch { if ("$_" -notmatch 'already a member') { throw } }
}
