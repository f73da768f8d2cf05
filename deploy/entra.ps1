#Requires -Version 7.2
#Requires -Modules Microsoft.Graph.Authentication, Microsoft.Graph.Applications

<#
.SYNOPSIS
Makes Mailback's application in Microsoft Entra with Microsoft Graph PowerShell, or finds what is there.

.DESCRIPTION
Application, service principal, application permissions with admin consent, and one credential: the same as entra.sh. docs/install.md says
what each permission is for. Prints AZURE_TENANT_ID and AZURE_CLIENT_ID. Run it as Privileged Role Administrator.

.PARAMETER Name
The application's name.

.PARAMETER ClientId
Take the application of this id.

.PARAMETER With
Optional permissions: Mail.ReadWrite, User.ReadWrite.All.

.PARAMETER NoExchange
Leave out Exchange.ManageAsApp, for MAILBACK_EXCHANGE=off.

.PARAMETER Certificate
Upload the certificate in this PEM or CER file; a private key in it stays here.

.PARAMETER Issuer
With Subject: trust the tokens of another issuer, such as a Kubernetes cluster.

.PARAMETER Subject
The subject of those tokens.

.PARAMETER Audience
The audience of those tokens.

.PARAMETER SecretFile
Make a client secret for a year and write it into this file.

.PARAMETER ShowSecret
Make a client secret for a year and print it.

.EXAMPLE
./entra.ps1 -Certificate mailback.pem -WhatIf
#>
[CmdletBinding(SupportsShouldProcess, DefaultParameterSetName = 'None')]
param(
    [ValidatePattern('^[A-Za-z0-9 ._-]+$')]
    [string]$Name = 'Mailback',
    [guid]$ClientId,
    [ValidateSet('Mail.ReadWrite', 'User.ReadWrite.All')]
    [string[]]$With = @(),
    [switch]$NoExchange,
    [Parameter(Mandatory, ParameterSetName = 'Certificate')]
    [string]$Certificate,
    [Parameter(Mandatory, ParameterSetName = 'Federated')]
    [string]$Issuer,
    [Parameter(Mandatory, ParameterSetName = 'Federated')]
    [string]$Subject,
    [Parameter(ParameterSetName = 'Federated')]
    [string]$Audience = 'api://AzureADTokenExchange',
    [Parameter(Mandatory, ParameterSetName = 'SecretFile')]
    [string]$SecretFile,
    [Parameter(Mandatory, ParameterSetName = 'ShowSecret')]
    [switch]$ShowSecret
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

# What docs/install.md says of each.
$neededRoles = @(
    'User.Read.All'
    'User.DeleteRestore.All'
    'LicenseAssignment.ReadWrite.All'
    'MailboxSettings.Read'
    'Organization.Read.All'
    'RoleManagement.Read.Directory'
    'User.EnableDisableAccount.All'
    'GroupMember.Read.All'
    'OrgContact.Read.All'
)
$exchangeRoles = @(
    'Exchange.ManageAsApp'
)

# The ids of Microsoft's own applications, which are the same in every tenant. Role ids are looked up.
$graphApp = '00000003-0000-0000-c000-000000000000'
$exchangeApp = '00000002-0000-0ff1-ce00-000000000000'

# Invoke-Change runs a change, again and again for half a minute while Entra does not know everywhere what was made a moment ago.
function Invoke-Change([scriptblock]$Change) {
    foreach ($try in 1..5) {
        try { return & $Change }
        catch {
            if ($try -eq 5 -or "$_" -notmatch 'ResourceNotFound|does not exist|does not reference|NoBackingApplicationObject') { throw }
            Start-Sleep -Seconds ($try * 2)
        }
    }
}

if (-not (Get-MgContext)) {
    Connect-MgGraph -Scopes 'Application.ReadWrite.All', 'AppRoleAssignment.ReadWrite.All' -NoWelcome
}

# The application.
$filter = if ($PSBoundParameters.ContainsKey('ClientId')) { "appId eq '$ClientId'" } else { "displayName eq '$Name'" }
$found = @(Get-MgApplication -Filter $filter -All)
if ($found.Count -gt 1) { throw "There are $($found.Count) applications named ${Name}: say which with -ClientId." }
if ($found.Count -eq 1) {
    $application = $found[0]
    Write-Warning "Found the application $($application.DisplayName) ($($application.AppId)), made at $($application.CreatedDateTime). If you did not make it, stop and ask who did."
}
elseif ($PSBoundParameters.ContainsKey('ClientId')) { throw "There is no application with the id $ClientId." }
elseif ($PSCmdlet.ShouldProcess($Name, 'Make the application')) {
    $application = New-MgApplication -DisplayName $Name -SignInAudience 'AzureADMyOrg'
}
else {
    Write-Warning "Without the application nothing more can be shown; it would have: $(($neededRoles + $With + $exchangeRoles) -join ', ')."
    return
}

$principal = Get-MgServicePrincipal -Filter "appId eq '$($application.AppId)'"
if (-not $principal) {
    if (-not $PSCmdlet.ShouldProcess($application.DisplayName, 'Make the service principal')) { return }
    $principal = Invoke-Change { New-MgServicePrincipal -AppId $application.AppId }
}

# What it needs, with the ids that Microsoft's service principals have for it.
$wanted = [ordered]@{ $graphApp = $neededRoles + $With }
if (-not $NoExchange) { $wanted[$exchangeApp] = $exchangeRoles }
$declared = @()
$wants = @()
foreach ($app in $wanted.Keys) {
    $resource = Get-MgServicePrincipal -Filter "appId eq '$app'"
    if (-not $resource) { throw "This tenant has no service principal of ${app}: is Exchange Online part of it? -NoExchange leaves it out." }
    $access = foreach ($role in $wanted[$app]) {
        $id = ($resource.AppRoles | Where-Object { $_.Value -eq $role -and $_.IsEnabled -and $_.AllowedMemberTypes -contains 'Application' }).Id
        if (-not $id) { throw "This tenant's $app has no application permission $role." }
        $wants += [pscustomobject]@{ Resource = $resource.Id; Id = $id; Name = $role }
        @{ Id = $id; Type = 'Role' }
    }
    $declared += @{ ResourceAppId = $app; ResourceAccess = @($access) }
}
$has = @($application.RequiredResourceAccess | ForEach-Object { $_.ResourceAccess.Id }) | Sort-Object
if (("$has" -ne "$($wants.Id | Sort-Object)") -and $PSCmdlet.ShouldProcess($application.DisplayName, 'Set what the application says that it needs')) {
    Update-MgApplication -ApplicationId $application.Id -RequiredResourceAccess $declared
}

# Admin consent for an application permission is its appRoleAssignment.
$granted = @(Get-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $principal.Id -All)
foreach ($want in $wants) {
    if ($granted | Where-Object { $_.ResourceId -eq $want.Resource -and $_.AppRoleId -eq $want.Id }) { continue }
    if ($PSCmdlet.ShouldProcess($application.DisplayName, "Grant $($want.Name)")) {
        Invoke-Change {
            New-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $principal.Id -PrincipalId $principal.Id -ResourceId $want.Resource -AppRoleId $want.Id
        } | Out-Null
    }
}
foreach ($grant in $granted) {
    if ($wants | Where-Object { $_.Resource -eq $grant.ResourceId -and $_.Id -eq $grant.AppRoleId }) { continue }
    Write-Warning "It also has the role $($grant.AppRoleId) of $($grant.ResourceDisplayName), which was not asked for: take it away in the Entra admin center if nothing else needs it."
}

# The credential.
switch ($PSCmdlet.ParameterSetName) {
    'Certificate' {
        $public = [System.Security.Cryptography.X509Certificates.X509Certificate2]::new((Resolve-Path $Certificate).Path)
        $label = "mailback-$($public.Thumbprint)"
        if ($application.KeyCredentials.DisplayName -contains $label) { Write-Verbose 'The certificate is there already.'; break }
        if ($PSCmdlet.ShouldProcess($application.DisplayName, "Upload the certificate $($public.Thumbprint)")) {
            # An update replaces the list, so what is there goes along; its keys are given to a read of this property by itself alone.
            $keys = @((Get-MgApplication -ApplicationId $application.Id -Property 'keyCredentials').KeyCredentials)
            $keys += @{
                Type = 'AsymmetricX509Cert'; Usage = 'Verify'; Key = $public.RawData; DisplayName = $label
                StartDateTime = $public.NotBefore; EndDateTime = $public.NotAfter
            }
            Update-MgApplication -ApplicationId $application.Id -KeyCredentials $keys
        }
    }
    'Federated' {
        $trusted = Get-MgApplicationFederatedIdentityCredential -ApplicationId $application.Id -All
        if ($trusted | Where-Object { $_.Issuer -eq $Issuer -and $_.Subject -eq $Subject }) { Write-Verbose 'The federated credential is there already.'; break }
        if ($PSCmdlet.ShouldProcess($application.DisplayName, "Trust $Subject of $Issuer")) {
            $label = "mailback-$([guid]::NewGuid().ToString('N').Substring(0, 8))"
            Invoke-Change {
                New-MgApplicationFederatedIdentityCredential -ApplicationId $application.Id -Name $label -Issuer $Issuer -Subject $Subject -Audiences @($Audience)
            } | Out-Null
        }
    }
    { $_ -in 'SecretFile', 'ShowSecret' } {
        if ($SecretFile -and (Test-Path $SecretFile) -and (Get-Item $SecretFile).Length -gt 0) {
            Write-Warning "$SecretFile is there already, and no other secret was made. Remove it for a new one."
            break
        }
        if (-not $PSCmdlet.ShouldProcess($application.DisplayName, 'Make a client secret for a year')) { break }
        if ($SecretFile) {
            # Before there is a secret that could not be kept.
            New-Item -ItemType File -Path $SecretFile -Force | Out-Null
            if ($IsWindows) { icacls $SecretFile /inheritance:r /grant:r "${env:USERNAME}:F" | Out-Null } else { chmod 600 $SecretFile }
            if ($LASTEXITCODE) { throw "$SecretFile cannot be kept from others." }
        }
        $made = Invoke-Change {
            Add-MgApplicationPassword -ApplicationId $application.Id -PasswordCredential @{ DisplayName = 'mailback'; EndDateTime = (Get-Date).AddYears(1) }
        }
        if ($SecretFile) { Set-Content -Path $SecretFile -Value $made.SecretText } else { "AZURE_CLIENT_SECRET=$($made.SecretText)" }
    }
}

Write-Warning "For exchange.ps1: -AppId $($application.AppId) -ObjectId $($principal.Id)"
"AZURE_TENANT_ID=$((Get-MgContext).TenantId)"
"AZURE_CLIENT_ID=$($application.AppId)"
